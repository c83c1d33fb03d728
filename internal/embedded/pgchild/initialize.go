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
	home := string(f)
	away := !as.reaches(home, p)
	if away {
		home = stateHome
		if err := os.MkdirAll(home, 0o755); err != nil {
			return fmt.Errorf("user %s cannot enter %s, nor can his data go to %s: %w", as.name, f, stateHome, err)
		}
	}
	stage, err := os.MkdirTemp(home, "postgres-")
	if err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	if err := fill(stage, p, as, secret, forgetful); err != nil {
		_ = os.RemoveAll(stage)
		return err
	}
	if !away {
		return os.Rename(stage, f.data())
	}
	link := f.data() + ".new"
	_ = os.Remove(link) // of a start that was killed
	if err := os.Symlink(stage, link); err != nil {
		return err
	}
	return os.Rename(link, f.data())
}

func fill(stage string, p programs, as *account, secret string, forgetful bool) error {
	pwfile := stage + ".pw"
	if err := os.WriteFile(pwfile, []byte(secret), 0o600); err != nil {
		return err
	}
	defer os.Remove(pwfile)
	for _, path := range []string{stage, pwfile} {
		if err := as.own(path); err != nil {
			return fmt.Errorf("give %s to %s: %w", path, as.name, err)
		}
	}
	// Locale C: text sorts by bytes on every machine, and is cheapest.
	args := []string{"--pgdata=" + stage, "--username=" + User, "--pwfile=" + pwfile,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"}
	fsync := "fsync=on"
	if forgetful {
		args, fsync = append(args, "--no-sync"), "fsync=off"
	}
	init := as.command(stage, filepath.Join(p.bin, "initdb"), args...)
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	create := as.command(stage, filepath.Join(p.bin, "postgres"), "--single", "-D", stage, "-c", fsync, "postgres")
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
