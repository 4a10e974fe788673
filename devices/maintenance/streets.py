"""Which street a lift stands in, out of its address.

Theory of operation. The register keeps city and district as codes and the street within the
address. A street is what an address says up to the first word that ends streets or townships
(街道, 镇, 乡, 大道, 路 …), without the names of province, city and district before it. Where no
such word stands the lift belongs to no street: it is counted under its district alone.
"""

import re

LONGEST = 64
_ABOVE = re.compile(
    r"^(?:[^\s\d]{2,8}?(?:省|自治区))?(?:[^\s\d]{2,8}?[市州盟])?(?:[^\s\d]{1,8}?[区县旗])?"
)
_STREET = re.compile(r"^\s*([^\d\s,，;；#号]{1,20}?(?:街道|大道|大街|镇|乡|路|街|巷|弄))")
_LATIN = re.compile(r"([A-Z][\w' ]{1,40}?\s(?:Street|Road|Avenue|Lane))\b")


def street_of(address: str) -> str:
    """The street, or an empty text where none can be told."""
    rest = address[_found.end() :] if (_found := _ABOVE.match(address)) else address
    for text in (rest, address):
        if found := _STREET.match(text):
            return found[1].strip()[:LONGEST]
    latin = _LATIN.search(address)
    return latin[1][:LONGEST] if latin else ""
