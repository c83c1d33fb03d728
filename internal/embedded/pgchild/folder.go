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

// User and Database are the names of the server's user and database.
const (
	User     = "tabiya"
	Database = "tabiya"
)

// folder is the path of the server's folder: data (the cluster), password, port.
type folder string

func (f folder) data() string         { return filepath.Join(string(f), "data") }
func (f folder) passwordFile() string { return filepath.Join(string(f), "password") }
func (f folder) portFile() string     { return filepath.Join(string(f), "port") }

// major returns the major version that created the data, or 0 if there is none yet.
func (f folder) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(f.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version of the data: %w", err)
	}
	return strconv.Atoi(string(bytes.TrimSpace(text)))
}

// password returns the password, which the first call creates.
func (f folder) password() (string, error) {
	text, err := os.ReadFile(f.passwordFile())
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return strings.TrimSpace(string(text)), err
	}
	password := rand.Text()
	return password, writeFile(f.passwordFile(), password, 0o600)
}

// port returns the port of the last run if it is free, else another one, so that psql and
// open connections find the server again.
func (f folder) port() (int, error) {
	text, _ := os.ReadFile(f.portFile()) // without it any free port will do
	last, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	port, err := freePort(last)
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	return port, writeFile(f.portFile(), strconv.Itoa(port), 0o644)
}

// freePort returns the wanted port if it is free, else another one.
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
