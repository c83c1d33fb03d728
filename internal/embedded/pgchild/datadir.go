package pgchild

import (
	"fmt"
	"os"
)

// datadir is the data folder as a child gets to it.
type datadir struct {
	path      string     // for the child
	inherited []*os.File // what the child has to be given for that
}

// open finds the account's way into its folder. A folder behind a closed door,
// such as root's home, is handed to the child open: a path through /proc/self/fd
// asks nothing of the folders above.
func (a *account) open(dir string, p programs) (datadir, error) {
	if a == nil || a.reaches(dir, p) {
		return datadir{path: dir}, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return datadir{}, err
	}
	d := datadir{inherited: []*os.File{f}}
	d.path = d.handed(0)
	if a.command(d, "/bin/sh", "-c", `cd "$1"`, "sh", d.path).Run() != nil {
		d.close()
		return datadir{}, fmt.Errorf("user %s, whom PostgreSQL has to run as, cannot enter %s", a.name, dir)
	}
	return d, nil
}

// handed is the child's path of an inherited file.
func (d datadir) handed(i int) string { return fmt.Sprintf("/proc/self/fd/%d", 3+i) }

func (d datadir) close() {
	for _, f := range d.inherited {
		f.Close()
	}
}
