package report

// terms returns what the words of a report mean.
func terms(name string) []Pair {
	list := []Pair{
		{"call", "One request to the API and its answer, as Gatebook saw it."},
		{"record", "One sealed event in the ledger, with a number that never changes."},
		{"principal, caller", "Who made a call: a user, a service or a machine. It is named by a pseudonym that is the same for ever; the name behind it can be erased."},
		{"level", "How far it is proven who the caller is: 0 no evidence; 1 claimed, not verified; 2 asserted by a trusted proxy; 3 verified by a signature, an introspection or a key; 4 bound to the sender, such as by a client certificate."},
		{"verified", "Level 3 or 4."},
		{"refused or failed", "The answer's status was 400 or more, Gatebook refused the call, or there was no answer."},
		{"through", "The app (OAuth client) or the kind of credential with which the caller came."},
		{"operation", "What was done, by the template of the path where it is known, else by the path itself."},
		{"envelope", "Who, what and payload of a record are kept beside its header, which holds a salted hash of each. They can be erased; header and hashes cannot."},
		{"checkpoint", "The size and the root hash of the ledger, signed. It pins every record before it."},
		{"evidence", "What was read from the ledger and compared with the checkpoint. Derived: counted by the search index; nothing in this report is."},
	}
	switch name {
	case Access, Unverified, Person:
		list = append(list, Pair{"class of data", "A kind of sensitive value, such as email, card or iban, that Gatebook recognised in what passed. The values themselves are not kept by this."})
	case Integrity, Privileged:
		list = append(list,
			Pair{"gap", "A record that says that calls were served and not recorded: how many, from when to when, and why."},
			Pair{"look", "A record of somebody reading the record: a search, a view, an export, a report. It is sealed before the answer is shown."},
			Pair{"decision", "A record of what an operator was about to do: keys, readers, holds, erasures. It is sealed before it is done."})
	case Dormant:
		list = append(list, Pair{"credential", "What a caller shows to be recognised: a key, a certificate, a password; for tokens of an identity provider, the pair of person and app."})
	}
	return list
}
