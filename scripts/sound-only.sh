#!/bin/sh
# Runs while the image of an analyzer is built that decodes sound alone, after trim-packages.sh, in its site-packages (or
# in SITE_PACKAGES): of the libraries that PyAV brings along, those that write video, filter it, or draw it in a window are
# replaced by empty ones of the same name, which FFmpeg finds and never calls. They are 60 MB, and code less to worry
# about. What reads video stays: a recording may have pictures beside its sound, and FFmpeg looks at them to say so.
# Of Pillow, which draws a plot and writes it as PNG: other formats, if only a module of their own needs them.
set -eu
cd "${SITE_PACKAGES:-/opt/venv/lib/python3.13/site-packages}"
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
: > "$work/nothing" && ld -r -b binary -o "$work/nothing.o" "$work/nothing"
nm --dynamic --undefined-only --format=posix av.libs/*.so* 2> /dev/null | awk '{print $1}' | sort -u > "$work/wanted"
for library in av.libs/lib*; do
    case ${library#av.libs/lib} in
        x264-* | x265-* | SvtAv1Enc-* | vmaf-* | webp-* | webpmux-* | sharpyuv-* | xcb-* | XAu-* | Xau-* | drm-*) ;;
        *) continue ;;
    esac
    nm --dynamic --defined-only --format=posix "$library" | awk '{print $1}' | sort -u |
        comm -12 - "$work/wanted" | sed 's/.*/--defsym=&=0/' > "$work/symbols"
    ld -shared -z noexecstack -soname "$(basename "$library")" -o "$work/empty" @"$work/symbols" "$work/nothing.o"
    install -m 755 "$work/empty" "$library"
done
rm -f PIL/_avif.*.so PIL/_webp.*.so PIL/_imagingcms.*.so pillow.libs/libavif-* pillow.libs/libwebp*-* pillow.libs/libsharpyuv-* pillow.libs/liblcms2-*
