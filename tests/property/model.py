"""The desk once more, as plainly as it can be said: dictionaries and lists, straight from the design.

It knows nothing of `core`. Where it and the desk disagree, one of them has misread the design.
"""

from copy import deepcopy
from datetime import UTC, datetime, timedelta

YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)
FIVE_MINUTES = timedelta(minutes=5)
TWELVE_HOURS = timedelta(hours=12)
A_DAY = timedelta(hours=24)
HANDLING = ("agent", "manager", "admin")
HANDLING_ANY = ("manager", "admin")


class Refused(Exception):
    """`code` is one of the stable codes of the design's section 4."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Model:
    def __init__(self, people):
        """`people`: name → role."""
        self.people = {
            name: {"role": role, "active": True, "archive": "after_12h"} for name, role in people.items()
        }
        self.app_on = True
        self.currency = "BRL"
        self.reasons = []
        self.contacts = []  # a set of addresses each
        self.erased = set()  # numbers of contacts
        self.conversations = []
        self.seen = {}  # external id → the conversation it is in

    # People ---------------------------------------------------------------------------------------

    def handles(self, name):
        return name is not None and self.people[name]["active"] and self.people[name]["role"] in HANDLING

    def handles_any(self, name):
        return self.handles(name) and self.people[name]["role"] in HANDLING_ANY

    def known(self, name):
        if not self.people[name]["active"]:
            raise Refused("unauthenticated")

    def works_with_conversations(self, name):
        self.known(name)
        if not self.handles(name):
            raise Refused("not_permitted")

    def administrator(self, name):
        self.known(name)
        if self.people[name]["role"] != "admin":
            raise Refused("not_permitted")

    # Contacts and messages (R10, R13, R17) ----------------------------------------------------------

    def is_open(self, conversation):
        return conversation["folder"] != "concluded"

    def open_of(self, contact):
        return [c for c in self.conversations if c["contact"] == contact and self.is_open(c)]

    def contact_of(self, addresses):
        """Addresses that come together are one person, unless both have something open."""
        found = []
        for address in addresses:
            for number, contact in enumerate(self.contacts):
                if address in contact and number not in found:
                    found.append(number)
        if not found:
            self.contacts.append(set(addresses))
            return len(self.contacts) - 1
        first = found[0]
        nobodys = [a for a in addresses if not any(a in contact for contact in self.contacts)]
        self.contacts[first].update(nobodys)
        for other in found[1:]:
            if not (self.open_of(first) and self.open_of(other)):
                self.contacts[first] |= self.contacts[other]
                self.contacts[other] = set()
                for conversation in self.conversations:
                    if conversation["contact"] == other:
                        conversation["contact"] = first
        return first

    def waiting_since(self, conversation):
        """The contact's first message, of those that came since the last conclusion, that nobody answered."""
        if not self.is_open(conversation):
            return None
        answered = [m["sent"] for m in conversation["messages"] if m["direction"] == "out"]
        came = conversation["messages"][conversation["messages at conclusion"] :]
        unanswered = [
            m["sent"] for m in came if m["direction"] == "in" and m["sent"] > max(answered, default=YEAR_2000)
        ]
        return min(unanswered, default=None)

    def latest(self, contact):
        """The open one, otherwise the one concluded last."""
        if self.open_of(contact):
            return self.open_of(contact)[-1]
        concluded = [c for c in self.conversations if c["contact"] == contact]
        return max(concluded, key=lambda c: c["conclusions"][-1]["at"], default=None)

    def begin(self, contact, folder, assigned, at):
        conversation = {
            "number": len(self.conversations),
            "contact": contact,
            "folder": folder,
            "assigned": assigned,
            "opened": at,
            "messages": [],
            "messages at conclusion": 0,
            "conclusions": [],
        }
        self.conversations.append(conversation)
        return conversation

    def message(self, direction, addresses, external_id, sent, now, writer=None):
        """Return what it did, to which conversation, and whether the chatbot is presented."""
        if sent is None or sent < YEAR_2000:
            raise Refused("invalid")
        if sent > now + FIVE_MINUTES:
            sent = now
        if external_id in self.seen:
            return ("duplicate", self.seen[external_id], False)
        contact = self.contact_of(addresses)
        conversation = self.latest(contact)
        outcome, chatbot = "appended", False
        if direction == "out":
            if conversation is None:
                mine = self.handles(writer)
                conversation = self.begin(
                    contact, "in_progress" if mine else "new", writer if mine else None, min(sent, now)
                )
                outcome = "opened"
        elif conversation is None:
            conversation = self.begin(contact, "new", None, min(sent, now))
            outcome, chatbot = "opened", True
        elif not self.is_open(conversation):
            last = conversation["conclusions"][-1]
            effective = max(sent, last["at"])
            at = max(last["at"], min(sent, now))
            if last["archive"] == "after_12h" and effective <= last["at"] + TWELVE_HOURS:
                outcome = "reopened"
                last["reopened"] = {"at": at, "by": None, "cause": "message"}
                if self.handles(last["by"]):
                    conversation["folder"], conversation["assigned"] = "in_progress", last["by"]
                else:
                    conversation["folder"], conversation["assigned"] = "new", None
            else:
                conversation = self.begin(contact, "new", None, at)
                outcome, chatbot = "opened", True
        conversation["messages"].append(
            {"text": f"text {external_id}", "direction": direction, "sent": sent, "author": writer}
        )
        self.seen[external_id] = conversation["number"]
        return (outcome, conversation["number"], chatbot)

    def erase(self, contact):
        """Nothing of them stays but what can be counted; whoever writes from their addresses is somebody new."""
        if contact in self.erased:
            raise Refused("not_found")
        if self.open_of(contact):
            raise Refused("open_conversation_exists")
        self.erased.add(contact)
        self.contacts[contact] = set()
        for conversation in self.conversations:
            if conversation["contact"] == contact:
                for message in conversation["messages"]:
                    message["text"] = ""

    # Conversations ----------------------------------------------------------------------------------

    def assign(self, who, number, to):
        self.works_with_conversations(who)
        conversation = self.conversations[number]
        if not self.is_open(conversation):
            raise Refused("already_concluded")
        if not self.handles_any(who):
            if to != who:
                raise Refused("not_permitted")
            if conversation["folder"] != "new" and conversation["assigned"] != who:
                raise Refused("not_permitted")
        if not self.handles(to):
            raise Refused("invalid")
        conversation["folder"], conversation["assigned"] = "in_progress", to

    def conclude(self, who, number, reason, value, now):
        self.works_with_conversations(who)
        conversation = self.conversations[number]
        if not self.is_open(conversation):
            raise Refused("already_concluded")
        if conversation["folder"] == "in_progress" and not (
            conversation["assigned"] == who or self.handles_any(who)
        ):
            raise Refused("not_permitted")
        versions = []
        if reason is not None:
            versions = [self.version(who, reason, value, now, None)]
        elif value is not None:
            raise Refused("invalid")
        conclusion = {
            "by": who,
            "at": now,
            "from": conversation["folder"],
            "archive": self.people[who]["archive"],
            "versions": versions,
            "reopened": None,
        }
        conversation["conclusions"].append(conclusion)
        conversation["messages at conclusion"] = len(conversation["messages"])
        conversation["folder"] = "concluded"
        return deepcopy(conclusion)

    def version(self, who, reason, value, now, before):
        if not self.app_on:
            raise Refused("classification_off")
        chosen = self.reasons[reason]
        kept = before is not None and before["reason"] == reason
        if not chosen["in_use"] and not kept:
            raise Refused("invalid")
        if value is not None:
            whole, _, decimals = value.partition(".")
            if not whole.isdigit() or len(whole) > 13 or len(decimals) > 2:
                raise Refused("invalid")
            value = f"{int(whole)}.{decimals:0<2}"
        if (value is None and chosen["value"] == "required") or (
            value is not None and chosen["value"] == "none"
        ):
            raise Refused("invalid")
        currency = None
        if value is not None:
            stays = before is not None and before["value"] == value
            currency = before["currency"] if stays else self.currency
        return {
            "reason": reason,
            "category": chosen["category"],
            "description": chosen["description"],
            "value": value,
            "currency": currency,
            "by": who,
            "at": now,
        }

    def edit(self, who, number, cycle, reason, value, now):
        self.works_with_conversations(who)
        conclusion = self.conversations[number]["conclusions"][cycle]
        if conclusion["by"] != who:
            raise Refused("not_permitted")
        before = conclusion["versions"][-1] if conclusion["versions"] else None
        after = self.version(who, reason, value, now, before)
        said = ("reason", "category", "description", "value")
        if before is None or any(before[what] != after[what] for what in said):
            conclusion["versions"].append(after)
        return deepcopy(conclusion)

    def reopen(self, who, number, now):
        self.works_with_conversations(who)
        conversation = self.conversations[number]
        last = conversation["conclusions"][-1] if conversation["conclusions"] else None
        if not self.handles_any(who) and (last is None or last["by"] != who):
            raise Refused("not_permitted")
        if self.is_open(conversation):
            raise Refused("concurrent_change")
        if self.open_of(conversation["contact"]):
            raise Refused("open_conversation_exists")
        last["reopened"] = {"at": now, "by": who, "cause": "manual"}
        conversation["folder"], conversation["assigned"] = "in_progress", who

    # Reasons, settings, preferences -----------------------------------------------------------------

    def same(self, one, other):
        plain = str.maketrans("áãç", "aac")
        return one.lower().translate(plain) == other.lower().translate(plain)

    def unique(self, description, category, but=None):
        for number, reason in enumerate(self.reasons):
            if number != but and reason["in_use"] and reason["category"] == category:  # noqa: SIM102
                if self.same(reason["description"], description):
                    raise Refused("invalid")

    def create_reason(self, who, description, category, value):
        self.administrator(who)
        self.unique(description, category)
        self.reasons.append(
            {"description": description, "category": category, "value": value, "in_use": True}
        )
        return len(self.reasons) - 1

    def change_reason(self, who, number, changes):
        self.administrator(who)
        after = {**self.reasons[number], **changes}
        if after["in_use"]:
            self.unique(after["description"], after["category"], but=number)
        self.reasons[number] = after

    def change_organisation(self, who, app_on, currency):
        self.administrator(who)
        self.app_on, self.currency = app_on, currency

    def set_archive(self, who, archive):
        self.works_with_conversations(who)
        self.people[who]["archive"] = archive

    # What is seen (R11, R18) ------------------------------------------------------------------------

    def sees(self, who, conversation):
        if self.handles_any(who):
            return True
        return self.handles(who) and (
            conversation["folder"] == "new"
            or conversation["assigned"] == who
            or any(conclusion["by"] == who for conclusion in conversation["conclusions"])
        )

    def seen_by(self, who):
        self.works_with_conversations(who)
        return [c for c in self.conversations if self.sees(who, c)]

    def window_ends(self, conversation):
        heard = [
            message["sent"]
            for c in self.conversations
            if c["contact"] == conversation["contact"]
            for message in c["messages"]
            if message["direction"] == "in"
        ]
        return max(heard) + A_DAY if heard else None
