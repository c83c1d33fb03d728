package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
)

// version is set by the linker. If it is empty, buildVersion falls back to what Go
// recorded in the binary.
var version string

type versionCmd struct{}

func (versionCmd) Run() error {
	_, err := fmt.Println("tabiya", buildVersion())
	return err
}

func buildVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value[:min(12, len(s.Value))]
		}
	}
	return cmp.Or(revision, info.Main.Version)
}
