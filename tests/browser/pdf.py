"""The words of a PDF that Chromium printed."""

import re
import zlib


def words_of(pdf: bytes) -> str:
    """Each stretch of text by the letters that its font gives for its signs; fonts of one kind share them."""
    streams = []
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            streams.append(zlib.decompress(packed).decode("latin-1"))
        except zlib.error:  # a font or picture that is packed otherwise
            continue
    letters: dict[str, str] = {}
    for stream in streams:
        if "begincmap" in stream:
            letters |= {sign: chr(int(one, 16)) for sign, one in re.findall(r"^<(\w{4})> <(\w{4})>$", stream, re.M)}
            for first, last, one in re.findall(r"^<(\w{4})> <(\w{4})> <(\w{4})>$", stream, re.M):
                for at in range(int(first, 16), int(last, 16) + 1):
                    letters[f"{at:04X}"] = chr(int(one, 16) + at - int(first, 16))
    found = []
    for stream in streams:
        for text in re.findall(r"BT(.*?)ET", stream, re.DOTALL) if " Tf" in stream else []:
            signs = "".join(re.findall(r"<([0-9A-Fa-f]+)>", text)).upper()
            found.append("".join(letters.get(signs[at : at + 4], "?") for at in range(0, len(signs), 4)))
    return "\n".join(found)
