package pgchild

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that the child runs as; nil means this process's own.
type account struct {
	name     string
	uid, gid int
}

// unprivileged chooses the account: nil if this process is not root, else the owner of
// the data, or for new data a user with a name, which initdb requires.
func unprivileged(data string) (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if info, err := os.Stat(data); err == nil {
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 {
			return &account{strconv.Itoa(int(owner.Uid)), int(owner.Uid), int(owner.Gid)}, nil
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if uidErr == nil && gidErr == nil && uid != 0 {
			return &account{name, uid, gid}, nil
		}
	}
	return nil, errors.New("PostgreSQL cannot run as root, and there is no user postgres or nobody")
}

// command returns a command to run as the account. The environment is new, because
// PostgreSQL would use ours (PGDATA, PGPORT, locales).
func (a *account) command(d datadir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.ExtraFiles = d.inherited
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C stops us, and we stop the child
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// chown makes the account the owner of a file or folder.
func (a *account) chown(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// canEnter reports whether the account can enter dir, by trying.
func (a *account) canEnter(dir string, p installation) bool {
	cmd := a.command(datadir{}, filepath.Join(p.bin, "postgres"), "--version")
	cmd.Dir = dir
	return cmd.Run() == nil
}

// rootCache is where root stores fetched installations, so that an unprivileged user can
// run them.
const rootCache = "/var/cache/tabiya"

// cache returns the folder of fetched installations.
func (a *account) cache() (string, error) {
	if a != nil {
		return rootCache, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w", err)
	}
	return filepath.Join(dir, "tabiya"), nil
}
