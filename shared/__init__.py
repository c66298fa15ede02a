"""What all services know."""

# Here and not only in the package's metadata: the image runs from the source tree, without an installed package.
__version__ = "0.1.0"
