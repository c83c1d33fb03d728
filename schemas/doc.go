// Package schemas defines the topics of Tabiya and the commands, events and
// replies on them. Every other package may import it; it imports none of the
// project's packages.
//
// The value of a record is one JSON envelope. Readers ignore unknown fields, so a
// change may add a field but never remove or rename one. The golden files under
// testdata/ are the contract: new ones are added, existing ones are never edited.
package schemas
