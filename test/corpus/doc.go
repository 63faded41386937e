// Package corpus makes documents as APIs answer with, in ten languages, and
// says what personal data is in each. It is what the classifier is measured
// with, and knows nothing of the classifier: names, sentences and check digits
// were written for it alone.
//
// A document follows from its seed. Its labels count occurrences: a first and
// a last name are two names, the parts of one postal address are one address,
// a latitude with its longitude is one location. Each label says how the value
// is shown, see [Shown].
//
// About half of the documents carry what is easily taken for personal data and
// is none: order numbers with a valid Luhn digit, parcels, times that look like
// telephone numbers, versions that look like addresses, articles that look like
// bank accounts, packages that look like e-mail addresses.
package corpus
