package pgchild

import (
	"fmt"
	"os"
)

// datadir is the data folder as a child reaches it.
type datadir struct {
	path      string     // in the child
	inherited []*os.File // that the child needs for the path
}

// openData returns the data folder for the account. If the account cannot enter a folder
// above it, such as root's home, the child inherits the opened folder: a path through
// /proc/self/fd needs no permission on the folders above.
func (a *account) openData(dir string, p installation) (datadir, error) {
	if a == nil || a.canEnter(dir, p) {
		return datadir{path: dir}, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return datadir{}, err
	}
	d := datadir{inherited: []*os.File{f}}
	d.path = d.inheritedPath(0)
	if a.command(d, "/bin/sh", "-c", `cd "$1"`, "sh", d.path).Run() != nil {
		d.close()
		return datadir{}, fmt.Errorf("user %s, as which PostgreSQL has to run, cannot enter %s", a.name, dir)
	}
	return d, nil
}

// inheritedPath returns the path of an inherited file in the child.
func (d datadir) inheritedPath(i int) string { return fmt.Sprintf("/proc/self/fd/%d", 3+i) }

func (d datadir) close() {
	for _, f := range d.inherited {
		f.Close()
	}
}
