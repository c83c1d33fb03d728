package embedded

import (
	"errors"
	"fmt"
	"os"
)

// makeDataFolder makes the data folder. Others may pass through it only if the database
// runs as another user, as it does for root.
func makeDataFolder(dir string) error {
	mode := os.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	return nil
}

// privateFolder makes a folder that only its owner can enter, or makes it so: an earlier
// release let everybody in, and the files in it can be read by all.
func privateFolder(dir string) error {
	return errors.Join(os.MkdirAll(dir, 0o700), os.Chmod(dir, 0o700))
}
