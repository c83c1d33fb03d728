package fields

import (
	"fmt"
	"strings"
)

// reserved are handles that nobody can register, without separators and in lower case:
// those that a player would take for the platform's own, and those that programs take
// for no player or for the signed-in one.
var reserved = setOf(`
	abuse admin administrator admins contact help helpdesk hostmaster info mod moderator moderators mods
	official operator operators owner postmaster root security service services staff superuser support
	sysadmin system tabiya team tournaments webmaster
	all anonymous anyone api closed deleted everybody everyone guest me myself nan nil nobody none null
	self server someone true false undefined unknown you
`)

func setOf(words string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(words) {
		set[word] = true
	}
	return set
}

var withoutSeparators = strings.NewReplacer("-", "", "_", "")

// Unreserved refuses a reserved handle. It is for new accounts: one that was registered
// before its handle was reserved keeps it.
func Unreserved(handle string) error {
	if reserved[strings.ToLower(withoutSeparators.Replace(handle))] {
		return fmt.Errorf("handle %s is reserved", handle)
	}
	return nil
}
