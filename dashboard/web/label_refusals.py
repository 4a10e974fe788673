"""Why a message was not taken, and what to do about it, by reason; see dashboard.web.labels."""

from collections.abc import Mapping

WORDS: Mapping[str, Mapping[str, str]] = {
    "refusal": {
        "bad_topic": "Unknown topic",
        "bad_json": "Message is no JSON",
        "bad_utf8": "Message is not UTF-8",
        "too_large": "Message is too large",
        "too_many": "Too many calls in one message",
        "missing_field": "A field is missing",
        "bad_field": "A field is wrong",
        "device_not_enrolled": "Gateway is not enrolled",
        "area_mismatch": "Gateway is enrolled in another city",
        "lift_unknown": "No lift has this code",
        "not_its_lift": "Not a lift of this gateway",
        "lift_missing": "The call does not say which lift",
        "internal_error": "The hub failed to take it",
        "duplicate": "Came before",
        "stale": "Too old",
        "floor_out_of_range": "The lift has no such floor",
        "speed_out_of_range": "Faster than a lift can be",
        "mapped_with_loss": "Taken, but not all that it said",
        "dialect_unknown": "No mapping for the gateway's dialect",
        "dialect_mismatch": "A topic of another dialect",
        "no_rule": "Fits no message of the mapping",
        "unknown_code": "A code of no table",
        "bad_encoding": "Its text cannot be read",
        "not_the_senders": "Pushed by an account of another firm",
        "not_by_this_door": "Not taken by HTTP",
    },
    "refusal_remedy": {
        "device_not_enrolled": (
            "Find the site by the gateway's number; then enrol the gateway for its lift."
        ),
        "area_mismatch": "Ask the other city's seat; then correct the gateway's area.",
        "lift_unknown": "Telephone the site of the gateway; then register the lift.",
        "not_its_lift": "Telephone the lift's site; then enrol the gateway for the lift.",
        "lift_missing": "Telephone the lifts of the gateway; the device has to name its lift.",
        "internal_error": (
            "Telephone the site and take the call by the form; then look at the health page."
        ),
        "bad_topic": "Have the device's maker correct its topic.",
        "duplicate": "Nothing: it was taken the first time.",
        "stale": "Set the gateway's clock; look whether its line was down.",
        "floor_out_of_range": "Correct the lift's floors in the registry, or its floor numbers.",
        "speed_out_of_range": "Have the speed sensor looked after.",
        "mapped_with_loss": "Nothing, unless what is lost matters: then mend the mapping.",
        "dialect_unknown": "Put its mapping into the data folder, or correct the dialect.",
        "dialect_mismatch": "Correct the gateway's dialect in the registry, or its topic.",
        "no_rule": "Try the message with hub dialect try, and mend the mapping.",
        "unknown_code": "Ask the maker what the code means, and add it to the mapping.",
        "bad_encoding": "Correct the encoding in the mapping.",
        "not_the_senders": "Ask the firm why; correct who maintains the lift, if that is wrong.",
        "not_by_this_door": "Tell the firm that calls come by MQTT, where a receipt answers them.",
        "other": "Telephone the site; then have the device's software mended.",
    },
}
