"""How other systems name a programme's things: DHIS2's identifiers, and the fields of forms (KoboToolbox, ODK)."""

from typing import Annotated, Literal

from pydantic import Field

from shared.programme.base import Model, Slug

# A dotted place in an event's data, like `participants.parent`, `money.f1-state-budget`, `held_on`.
Place = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z0-9:,-]+)*(\.(numerator|denominator))?$", max_length=200)]
# The full name of a form's field, groups included, like `session/date`.
FormField = Annotated[str, Field(min_length=1, max_length=400)]


class Dhis2Names(Model):
    """From a DHIS2 instance's identifiers (uid or code) to ours. What is not mapped is taken as our own code.

    `data_elements` to `<indicator>.numerator`, `.denominator` or `.<component>`; option combinations to one option per
    dimension; `attribute_option_combos` to agencies; `data_sets` to reports; `org_units` to codes of units.
    """

    data_elements: dict[str, str] = Field(default_factory=dict)
    category_option_combos: dict[str, dict[Slug, Slug]] = Field(default_factory=dict)
    attribute_option_combos: dict[str, Slug] = Field(default_factory=dict)
    data_sets: dict[str, Slug] = Field(default_factory=dict)
    org_units: dict[str, str] = Field(default_factory=dict)


class FormEvent(Model):
    """One kind of event that a submission tells, once, or once for each row of the repeat group `repeat`.

    `values` are the same in every event, `fields` come from the form, `options` turn a field's answers into ours.
    `repeat` is the group's full name, also where it lies in another repeat group. An edit that has fewer rows withdraws
    the others: `at_most` bounds the rows of one submission. The format is explained in docs/forms.md.
    """

    kind: Literal["activity.recorded", "indicator.reported", "report.submitted"]
    unit: FormField
    values: dict[Place, str] = Field(default_factory=dict)
    fields: dict[Place, FormField] = Field(default_factory=dict)
    options: dict[FormField, dict[str, str]] = Field(default_factory=dict)
    repeat: FormField | None = None
    at_most: int = Field(default=20, ge=1, le=500)


class Form(Model):
    """A form as `POST /v1/kobo/{form}` names it, and the events that its submissions tell."""

    form: Slug
    events: tuple[FormEvent, ...] = Field(min_length=1)
