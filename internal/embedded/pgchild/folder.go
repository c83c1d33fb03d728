package pgchild

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// User and Database are what the server is made with.
const (
	User     = "tabiya"
	Database = "tabiya"
)

// folder is what is kept: data (the cluster), password, port.
type folder string

func (f folder) data() string     { return filepath.Join(string(f), "data") }
func (f folder) password() string { return filepath.Join(string(f), "password") }
func (f folder) port() string     { return filepath.Join(string(f), "port") }

// major is the version that made the data, 0 if there is none yet.
func (f folder) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(f.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the data's version: %w", err)
	}
	return strconv.Atoi(string(bytes.TrimSpace(text)))
}

// secret is the password, made at the first call.
func (f folder) secret() (string, error) {
	text, err := os.ReadFile(f.password())
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return strings.TrimSpace(string(text)), err
	}
	secret := rand.Text()
	return secret, writeFile(f.password(), secret, 0o600)
}

// lastPort is the port of the last run, if nobody has it, else a free one. A
// fixed port lets psql and open connections find the server again.
func (f folder) lastPort() (int, error) {
	text, _ := os.ReadFile(f.port()) // whatever it says, a free port will do
	last, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	port, err := freePort(last)
	if err != nil {
		return 0, fmt.Errorf("find a port: %w", err)
	}
	return port, writeFile(f.port(), strconv.Itoa(port), 0o644)
}

func freePort(wanted int) (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(wanted))
	if err != nil && wanted != 0 {
		return freePort(0)
	}
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func writeFile(path, text string, mode os.FileMode) error {
	if err := os.WriteFile(path+".new", []byte(text), mode); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
