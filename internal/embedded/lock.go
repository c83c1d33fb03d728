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

// ErrLocked means that another process uses the data folder.
var ErrLocked = errors.New("data folder is in use")

// lock is a file lock of the operating system, so it ends with its process, however that
// ends. The file contains the process id, for the error of a second process.
type lock struct{ file *flock.Flock }

// Busy returns ErrLocked if another process uses the data folder.
func Busy(dir string) error {
	l, err := acquire(dir)
	switch {
	case err == nil:
		return l.release()
	case errors.Is(err, ErrLocked):
		return err
	}
	return nil // the folder does not exist yet
}

func acquire(dir string) (*lock, error) {
	path := filepath.Join(dir, "lock")
	file := flock.New(path)
	held, err := file.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	if !held {
		owner, _ := os.ReadFile(path) // only for the error message
		if pid := strings.TrimSpace(string(owner)); pid != "" {
			return nil, fmt.Errorf("%w: process %s uses %s", ErrLocked, pid, dir)
		}
		return nil, fmt.Errorf("%w: another process uses %s", ErrLocked, dir)
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o644); err != nil {
		return nil, errors.Join(fmt.Errorf("lock data folder: %w", err), file.Unlock())
	}
	return &lock{file}, nil
}

// release unlocks the file but does not remove it: then two processes could each lock a
// file of that name.
func (l *lock) release() error { return l.file.Unlock() }
