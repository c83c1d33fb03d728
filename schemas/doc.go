// Package schemas is the language of Tabiya: the topics, and the commands,
// events and replies that travel on them. Everything else imports it; it
// imports nothing of the project.
//
// A record's value is one JSON envelope. Readers ignore fields they do not
// know, so changes are additive only; the golden files under testdata/ are the
// contract and are added to, never edited.
package schemas
