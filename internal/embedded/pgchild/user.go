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

// account is the user the child runs as; nil: the one who runs us.
type account struct {
	name     string
	uid, gid int
}

// unprivileged picks the account: who owns the data if there is any, else one
// with a name, because initdb wants that.
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
	return nil, errors.New("PostgreSQL cannot run as root, and there is neither a user postgres nor nobody to run it as")
}

// command is a child of that account in that folder, with nothing of our
// environment that could lead PostgreSQL astray (PGDATA, PGPORT, locales).
func (a *account) command(d datadir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = "/"
	cmd.ExtraFiles = d.inherited
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us alone
	if a != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// own hands a file or folder over to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// reaches asks the kernel whether the account can enter dir, by trying.
func (a *account) reaches(dir string, p programs) bool {
	cmd := a.command(datadir{}, filepath.Join(p.bin, "postgres"), "--version")
	cmd.Dir = dir
	return cmd.Run() == nil
}

// cacheHome is where root keeps fetched programs, for an unprivileged user to
// reach them.
const cacheHome = "/var/cache/tabiya"

func (a *account) cache() (string, error) {
	if a != nil {
		return cacheHome, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w", err)
	}
	return filepath.Join(dir, "tabiya"), nil
}
