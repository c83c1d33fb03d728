package embedded

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// ErrLocked: another process runs over the data folder.
var ErrLocked = errors.New("data folder is in use")

// lock is a lock of the operating system's, so it ends with its process however
// that ends. The file holds the process's id, for the one who is refused.
type lock struct{ file *flock.Flock }

// Busy is ErrLocked if another process runs over the folder.
func Busy(dir string) error {
	l, err := acquire(dir)
	switch {
	case err == nil:
		return l.release()
	case errors.Is(err, ErrLocked):
		return err
	}
	return nil // there is no such folder yet
}

func acquire(dir string) (*lock, error) {
	path := filepath.Join(dir, "lock")
	file := flock.New(path)
	held, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if !held {
		owner, _ := os.ReadFile(path) // who it is helps, but is not needed
		if pid := strings.TrimSpace(string(owner)); pid != "" {
			return nil, fmt.Errorf("%w: process %s runs over %s", ErrLocked, pid, dir)
		}
		return nil, fmt.Errorf("%w: another process runs over %s", ErrLocked, dir)
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder: %w", err), file.Unlock())
	}
	return &lock{file}, nil
}

// release leaves the file: removing it would let two processes lock two files.
func (l *lock) release() error { return l.file.Unlock() }
