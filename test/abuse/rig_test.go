// Package abuse attacks the built program while an honest game is played, and checks that
// the game hardly notices. Each attack runs in a process of its own, from another address,
// with the lowest priority: it must not take the processor from the game's own clients.
package abuse

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"tabiya/internal/client"
	"tabiya/internal/eventually"
	"tabiya/schemas"
)

func TestMain(m *testing.M) {
	if name := os.Getenv(attackEnv); name != "" {
		if err := runAttack(name); err != nil {
			fmt.Fprintln(os.Stderr, "attack:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// program builds the binary once for all tests.
var program = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs(filepath.Join("..", "..", ".cache", "test", "tabiya-abuse"))
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-tags", "nomsgpack", "-o", path, "tabiya/cmd/tabiya").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tabiya: %w\n%s", err, out)
	}
	return path, nil
})

// platform is a `tabiya up`, as its endpoints.json describes it.
type platform struct {
	URL, OpsURL, ServiceToken string
	api                       *client.Client
}

// up starts the program with flags, and stops it when the test ends.
func up(t *testing.T, flags ...string) *platform {
	t.Helper()
	binary, err := program()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.MkdirTemp("", "tabiya-abuse-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(data, 0o711); err != nil { // the database may run as another user
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(data, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, append([]string{"up", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "warn"}, flags...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the terminal's Ctrl-C is for the test
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("output of the program:\n%s", text[max(0, len(text)-20_000):])
		}
		_ = log.Close()
		_ = os.RemoveAll(data)
	})
	p := &platform{}
	eventually.NoError(t, "the program is ready", func() error {
		text, err := os.ReadFile(filepath.Join(data, "endpoints.json"))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, p); err != nil {
			return err
		}
		answer, err := http.Get(p.URL + "/readyz")
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("not ready: %s", answer.Status)
		}
		return nil
	})
	p.api = newClient(p.URL)
	return p
}

func newClient(url string) *client.Client {
	return client.New(client.Config{URL: url, Patience: 30 * time.Second, Connections: 16})
}

// register makes an account.
func register(ctx context.Context, api *client.Client, name string) (client.Player, error) {
	id := schemas.NewID()
	return api.Register(ctx, id, client.Registration{
		Handle: name + "-" + id[24:], Password: "correct horse battery",
	})
}

// blitz is long enough for a test, and short enough for claims after 40 s.
var blitz = schemas.TimeControl{InitialCs: 30_000}

// newGame makes a game of two players, which takes no seat.
func newGame(ctx context.Context, api *client.Client, serviceToken string, white, black client.Player) (string, error) {
	game, err := api.CreateGame(ctx, serviceToken, schemas.NewID(), client.NewGame{White: white.ID, Black: black.ID, TimeControl: blitz})
	return game.ID, err
}
