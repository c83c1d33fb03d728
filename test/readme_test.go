package test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/gamestest"
)

// readmeCommands returns the shell blocks of a section of README.md, changed only in
// where they find the platform.
func readmeCommands(t *testing.T, p *platform, section string) []string {
	t.Helper()
	root := gamestest.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(text), "\n## "+section+"\n")
	if !found {
		t.Fatalf("README.md has no section %q", section)
	}
	after, _, _ = strings.Cut(after, "\n## ")
	here := strings.NewReplacer(
		"http://127.0.0.1:8080", p.url,
		"go run ./cmd/tabiya replay", binary(t)+" replay --data "+p.data,
		"data/s3/", filepath.Join(p.data, "s3")+"/",
		".cache/venv/bin/python", filepath.Join(root, ".cache", "venv", "bin", "python"),
	)
	var blocks []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(after, -1) {
		blocks = append(blocks, here.Replace(block[1]))
	}
	return blocks
}

// paste runs commands in a shell, at the root of the repository.
func paste(t *testing.T, shell, commands string) (output string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell)
	cmd.Dir, cmd.Stdin = gamestest.Root(t), strings.NewReader(commands)
	cmd.WaitDelay = time.Second // for a stream that the commands left open
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skipf("needs %s", program)
		}
	}
}

func TestReadmeCommandsRunAsPastedInDashAndBash(t *testing.T) {
	t.Parallel()
	needs(t, "dash", "bash", "curl", "jq")
	p := up(t)
	blocks := readmeCommands(t, p, "Try")
	var session []string // what is typed into one shell
	for _, block := range blocks {
		switch {
		case strings.Contains(block, "npx"): // fetches a program, and waits for input
		case strings.Contains(block, " replay "):
			if out, err := paste(t, "dash", block); err != nil || !strings.Contains(out, "games") {
				t.Errorf("%s: %v\n%s", block, err, out)
			}
		default:
			session = append(session, block)
		}
	}
	if len(blocks) < 4 || len(session) < 2 {
		t.Fatalf("%d shell blocks, %d of them by hand", len(blocks), len(session))
	}
	for _, shell := range []string{"dash", "bash"} { // the second finds names taken
		out, err := paste(t, shell, strings.Join(session, "\n"))
		if err != nil || strings.Contains(out, `"code":`) || strings.Count(out, `"ply":2`) < 2 || !strings.Contains(out, `"termination":"resignation"`) {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	t.Run("archive", func(t *testing.T) { archiveQueriesFindTheGames(t, p) })
}

func archiveQueriesFindTheGames(t *testing.T, p *platform) {
	t.Helper()
	needs(t, filepath.Join(gamestest.Root(t), ".cache", "venv", "bin", "python"))
	queries := 0
	for _, block := range readmeCommands(t, p, "Query the archive") {
		if !strings.Contains(block, "python") {
			continue
		}
		queries++
		want := "1-0" // every result has a row
		if strings.Contains(block, "pyarrow") {
			want = `'moves': ['` // it prints three games of any result
		}
		for _, shell := range []string{"dash", "bash"} {
			eventually.NoError(t, "the games in the archive", func() error {
				out, err := paste(t, shell, block)
				if err == nil && strings.Contains(out, want) && strings.Contains(out, "eu") {
					return nil
				}
				return fmt.Errorf("%s: %v\n%s", shell, err, out)
			})
		}
	}
	if queries != 2 {
		t.Errorf("%d queries", queries)
	}
}
