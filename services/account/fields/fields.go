// Package fields checks what a client writes into the fields of an account.
package fields

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode/utf8"
)

// Bounds of the lengths of an account's fields: of passwords in characters, as in the
// API document, of the others in bytes.
const (
	minHandle, maxHandle     = 2, 20
	minPassword, maxPassword = 8, 128
	maxEmail                 = 254 // RFC 5321, 4.5.3.1.3
)

// Handle checks a handle, also one to look for: no account has an invalid one.
func Handle(handle string) error {
	if len(handle) < minHandle || len(handle) > maxHandle || strings.ContainsFunc(handle, invalidInHandle) {
		return fmt.Errorf("handle must have %d to %d characters of A-Z, a-z, 0-9, _ and -", minHandle, maxHandle)
	}
	return nil
}

func invalidInHandle(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
}

var errPasswordLength = fmt.Errorf("password must have %d to %d characters", minPassword, maxPassword)

// NewPassword checks a password that an account is to have.
func NewPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword {
		return errPasswordLength
	}
	return nil
}

// Password is NewPassword for the password of an existing account: the least length was
// once counted in bytes.
func Password(password string) error {
	if len(password) < minPassword || utf8.RuneCountInString(password) > maxPassword {
		return errPasswordLength
	}
	return nil
}

// Email checks the syntax of an e-mail address. An empty one is valid: it
// means none.
func Email(email string) error {
	if email == "" {
		return nil
	}
	// The comparison rejects display names and comments. The parser accepts quoted
	// control characters; PostgreSQL cannot store a zero byte.
	address, err := mail.ParseAddress(email)
	if err != nil || address.Address != email || len(email) > maxEmail || strings.ContainsFunc(email, unprintable) {
		return fmt.Errorf("email must be one address of at most %d bytes", maxEmail)
	}
	return nil
}

func unprintable(r rune) bool { return r <= ' ' || r == 0x7f }

// Country accepts two capital letters (ISO 3166-1 alpha-2), or none.
func Country(country string) error {
	if country == "" {
		return nil
	}
	if len(country) != 2 || country[0] < 'A' || country[0] > 'Z' || country[1] < 'A' || country[1] > 'Z' {
		return errors.New("country must be two capital letters (ISO 3166-1 alpha-2)")
	}
	return nil
}
