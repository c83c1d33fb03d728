package pgchild

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// initialize creates the database cluster. The last step renames it to f.data(), so that
// a killed start leaves nothing that looks like a cluster.
func initialize(f folder, p installation, user *account, password string, noSync bool) error {
	leftovers, _ := filepath.Glob(filepath.Join(string(f), "new-*")) // the pattern is valid
	for _, stage := range leftovers {
		if err := os.RemoveAll(stage); err != nil {
			return fmt.Errorf("remove the files of a killed start: %w", err)
		}
	}
	stage, err := os.MkdirTemp(string(f), "new-")
	if err != nil {
		return fmt.Errorf("create data folder: %w", err)
	}
	defer os.RemoveAll(stage)
	data, passwordFile := filepath.Join(stage, "data"), filepath.Join(stage, "password")
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(passwordFile, []byte(password), 0o600); err != nil {
		return err
	}
	for _, path := range []string{stage, data, passwordFile} {
		if err := user.chown(path); err != nil {
			return fmt.Errorf("make %s the owner of %s: %w", user.name, path, err)
		}
	}
	if err := createCluster(data, passwordFile, p, user, noSync); err != nil {
		return err
	}
	return os.Rename(data, f.data())
}

func createCluster(data, passwordFile string, p installation, user *account, noSync bool) error {
	d, err := user.openData(data, p)
	if err != nil {
		return err
	}
	defer d.close()
	if len(d.inherited) > 0 { // then the account cannot reach the password file either
		f, err := os.Open(passwordFile)
		if err != nil {
			return err
		}
		passwordFile = d.inheritedPath(len(d.inherited))
		d.inherited = append(d.inherited, f)
		defer f.Close()
	}
	// Locale C sorts text by bytes, so the same on every machine, and is the fastest.
	args := []string{"--pgdata=" + d.path, "--username=" + User, "--pwfile=" + passwordFile,
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"}
	fsync := "fsync=on"
	if noSync {
		args, fsync = append(args, "--no-sync"), "fsync=off"
	}
	if out, err := user.command(d, filepath.Join(p.bin, "initdb"), args...).CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(out))
	}
	create := user.command(d, filepath.Join(p.bin, "postgres"), "--single", "-D", d.path, "-c", fsync, "postgres")
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
