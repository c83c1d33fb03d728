package pgchild

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// initialize makes the cluster. It becomes f.data() in one rename at the end, so
// a kill in the middle leaves nothing that looks like one.
func initialize(f folder, p programs, as *account, secret string, forgetful bool) error {
	killed, _ := filepath.Glob(filepath.Join(string(f), "new-*")) // the pattern is well formed
	for _, stage := range killed {
		if err := os.RemoveAll(stage); err != nil {
			return fmt.Errorf("clear what a killed start left: %w", err)
		}
	}
	stage, err := os.MkdirTemp(string(f), "new-")
	if err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	defer os.RemoveAll(stage) // nothing there once it is renamed
	data, password := filepath.Join(stage, "data"), filepath.Join(stage, "password")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(password, []byte(secret), 0o600); err != nil {
		return err
	}
	for _, path := range []string{stage, data, password} {
		if err := as.own(path); err != nil {
			return fmt.Errorf("give %s to %s: %w", path, as.name, err)
		}
	}
	if err := fill(data, password, p, as, forgetful); err != nil {
		return err
	}
	return os.Rename(data, f.data())
}

func fill(data, password string, p programs, as *account, forgetful bool) error {
	d, err := as.open(data, p)
	if err != nil {
		return err
	}
	defer d.close()
	if len(d.inherited) > 0 { // then the password has to be handed over as well
		f, err := os.Open(password)
		if err != nil {
			return err
		}
		password = d.handed(len(d.inherited))
		d.inherited = append(d.inherited, f)
		defer f.Close()
	}
	// Locale C: text sorts by bytes on every machine, and is cheapest.
	args := []string{"--pgdata=" + d.path, "--username=" + User, "--pwfile=" + password,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"}
	fsync := "fsync=on"
	if forgetful {
		args, fsync = append(args, "--no-sync"), "fsync=off"
	}
	if out, err := as.command(d, filepath.Join(p.bin, "initdb"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	create := as.command(d, filepath.Join(p.bin, "postgres"), "--single", "-D", d.path, "-c", fsync, "postgres")
	create.Stdin = strings.NewReader("CREATE DATABASE " + Database + "\n")
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("create database: %w: %s", err, lastLine(out))
	}
	return nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
