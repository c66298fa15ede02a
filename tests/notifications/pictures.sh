#!/bin/sh
# Draws the letters of a folder (`kip alert preview PROGRAMME --html FOLDER`) with Chromium's headless shell, as a phone and
# a desk show them, light and dark. For people to look at: `apt-get install chromium-headless-shell`.
set -eu
folder=$(realpath "${1:?usage: tests/notifications/pictures.sh FOLDER}")
for page in "$folder"/*.html; do
    for width in 360 1280; do
        for scheme in 1=light 0=dark; do
            chromium-headless-shell --no-sandbox --disable-gpu --hide-scrollbars --window-size="$width,1500" \
                --blink-settings=preferredColorScheme="${scheme%=*}" \
                --screenshot="${page%.html}.$width.${scheme#*=}.png" "file://$page" 2>/dev/null
        done
    done
done
