package abuse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/client"
)

// Environment of the process of an attack.
const (
	attackEnv = "TABIYA_ABUSE_ATTACK" // the attack's name
	targetEnv = "TABIYA_ABUSE_TARGET" // the program's URL
	tokenEnv  = "TABIYA_ABUSE_TOKEN"  // a service token, to make games of the attacker's accounts
	gameEnv   = "TABIYA_ABUSE_GAME"   // the honest game
)

// attack is what one attacker does. prepare makes accounts and games, once. round attacks
// until ctx is done; it is called again and again, with pauses between.
type attack struct {
	prepare func(ctx context.Context, a *attacker) error
	round   func(ctx context.Context, a *attacker)
}

// attacks are all attacks by name.
var attacks = map[string]attack{
	"hopeless": hopelessFrames,
	"busy":     busyAccount,
	"crowd":    crowdedConnections,
	"hashing":  hashing,
}

// attacker is the state of an attack in its own process.
type attacker struct {
	url, serviceToken, gameID string
	api                       *client.Client
	players                   []client.Player
	games                     []string
	done                      atomic.Int64 // frames, requests or connections
}

// attackerAddress is where attacks come from. The honest players have 127.0.0.1.
const attackerAddress = "127.0.0.2"

// dialer connects from attackerAddress.
var dialer = &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(attackerAddress)}, Timeout: 5 * time.Second}

// fromElsewhere is an HTTP client that connects from attackerAddress.
func fromElsewhere() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1024}}
}

// runAttack is the main function of an attack's process. Each line of its input begins
// or ends a round; it answers each with a line.
func runAttack(name string) error {
	_ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19)
	it, ok := attacks[name]
	if !ok {
		return fmt.Errorf("no attack is named %q", name)
	}
	a := &attacker{url: os.Getenv(targetEnv), serviceToken: os.Getenv(tokenEnv), gameID: os.Getenv(gameEnv)}
	a.api = newClient(a.url)
	if err := it.prepare(context.Background(), a); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			it.round(ctx, a)
		}()
		fmt.Fprintln(os.Stdout, "attacking")
		lines.Scan()
		stop()
		<-ended
		fmt.Fprintln(os.Stdout, "done:", a.done.Load())
	}
	return lines.Err()
}

// attackProcess is an attack, seen from the test.
type attackProcess struct {
	t       *testing.T
	in      io.Writer
	answers *bufio.Scanner
	done    int // what the attack has done so far
}

// minDone is what an attack has to do in each round, or it attacks nothing.
const minDone = 20

// startAttack prepares an attack on the program; the attack waits for round.
func (p *platform) startAttack(t *testing.T, name, gameID string) *attackProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), attackEnv+"="+name, targetEnv+"="+p.URL, tokenEnv+"="+p.ServiceToken, gameEnv+"="+gameID)
	cmd.Stderr = os.Stderr
	in, errIn := cmd.StdinPipe()
	out, errOut := cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	a := &attackProcess{t: t, in: in, answers: bufio.NewScanner(out)}
	a.expect("ready")
	return a
}

func (a *attackProcess) expect(answer string) (line string) {
	a.t.Helper()
	if !a.answers.Scan() || !strings.HasPrefix(a.answers.Text(), answer) {
		a.t.Fatalf("the attack ended, or said %q, not %q", a.answers.Text(), answer)
	}
	return a.answers.Text()
}

// during attacks while f runs.
func (a *attackProcess) during(f func()) {
	a.t.Helper()
	fmt.Fprintln(a.in)
	a.expect("attacking")
	f()
	fmt.Fprintln(a.in)
	answer := a.expect("done")
	before := a.done
	if _, err := fmt.Sscanf(answer, "done: %d", &a.done); err != nil || a.done < before+minDone {
		a.t.Fatalf("the attack said %q, after %d in the rounds before: it attacks nothing (%v)", answer, before, err)
	}
	a.t.Log(answer, "in all")
}

// makePlayers registers the attacker's accounts.
func (a *attacker) makePlayers(ctx context.Context, n int) error {
	for range n {
		p, err := register(ctx, a.api, "eve")
		if err != nil {
			return err
		}
		a.players = append(a.players, p)
	}
	return nil
}

// beginGame makes a game of two of the attacker's accounts, and plays its first two plies:
// a game without them is soon aborted.
func (a *attacker) beginGame(ctx context.Context, white, black client.Player) error {
	id, err := newGame(ctx, a.api, a.serviceToken, white, black)
	if err != nil {
		return err
	}
	a.games = append(a.games, id)
	if _, err = a.api.Move(ctx, white, id, "1", "e2e4", 1); err != nil {
		return err
	}
	_, err = a.api.Move(ctx, black, id, "2", "e7e5", 2)
	return err
}

// open opens a socket from attackerAddress; token may be empty.
func (a *attacker) open(ctx context.Context, gameID, token string) (*websocket.Conn, error) {
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	conn, response, err := websocket.Dial(ctx, a.url+"/v1/games/"+gameID+"/socket", &websocket.DialOptions{HTTPHeader: header, HTTPClient: attackerHTTP})
	if response != nil && response.Body != nil && err != nil {
		_ = response.Body.Close()
	}
	return conn, err
}

var attackerHTTP = fromElsewhere()

// flood sends frames on a socket at a pace until ctx is done, and opens it again when it
// is closed.
func (a *attacker) flood(ctx context.Context, gameID, token string, every time.Duration, frame func(n int) string) {
	for ctx.Err() == nil {
		conn, err := a.open(ctx, gameID, token)
		if err != nil {
			pause(ctx, reconnectAfter)
			continue
		}
		go func() {
			for {
				if _, _, err := conn.Read(ctx); err != nil {
					return
				}
			}
		}()
		for n := 0; ctx.Err() == nil; n++ {
			if conn.Write(ctx, websocket.MessageText, []byte(frame(n))) != nil {
				break
			}
			a.done.Add(1)
			pause(ctx, every)
		}
		_ = conn.CloseNow()
		pause(ctx, reconnectAfter)
	}
}

// reconnectAfter is an attacker's pause before they connect again: the Retry-After of a
// refusal. Without one they would take the processor from us with nothing but handshakes,
// which only a gateway can refuse.
const reconnectAfter = time.Second

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
