package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// page is a browser that shows a game to one of its players; see web/test/bench/page.ts.
type page struct {
	cmd *exec.Cmd
	in  io.Closer
	out *bufio.Scanner
}

// seenPage is what the page has noted.
type seenPage struct {
	FirstLoadBytes float64 `json:"firstLoadBytes"`
	Paints         []struct {
		Ply int     `json:"ply"`
		At  float64 `json:"at"` // ms since 1970
	} `json:"paints"`
}

// haveNode reports whether the chess app's packages are installed.
func haveNode() bool {
	_, err := os.Stat("web/node_modules/playwright-core")
	_, notFound := exec.LookPath("node")
	return err == nil && notFound == nil
}

func openPage(base, gameID, handle string) (*page, error) {
	cmd := exec.Command("node", "--import", "tsx", "test/bench/page.ts", base, gameID, handle, passwordOf(handle))
	cmd.Dir, cmd.Stderr = "web", os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	p := &page{cmd, in, bufio.NewScanner(out)}
	p.out.Buffer(nil, 1<<20)
	if !p.out.Scan() || p.out.Text() != "ready" {
		p.stop()
		return nil, fmt.Errorf("the page was not opened: %s %w", p.out.Text(), p.out.Err())
	}
	return p, nil
}

// close closes the browser and returns what the page has noted.
func (p *page) close() (seen seenPage, err error) {
	if err := p.in.Close(); err != nil {
		return seen, err
	}
	if !p.out.Scan() {
		return seen, fmt.Errorf("the page said nothing: %w", p.out.Err())
	}
	if err := json.Unmarshal(p.out.Bytes(), &seen); err != nil {
		return seen, fmt.Errorf("read what the page has noted: %w", err)
	}
	return seen, p.cmd.Wait()
}

// stop ends a page that was not closed.
func (p *page) stop() {
	if p.cmd.ProcessState == nil {
		_ = p.in.Close()
		_ = p.cmd.Wait()
	}
}

// moveTimes returns when the log got each of the first plies of a game.
func (a *api) moveTimes(gameID string, plies int) (map[int]time.Time, error) {
	req, err := http.NewRequest(http.MethodGet, a.base+"/v1/games/"+gameID+"/events?from_seq=1", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/x-ndjson")
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	times := make(map[int]time.Time)
	lines := bufio.NewScanner(resp.Body)
	for len(times) < plies && lines.Scan() {
		var ev struct {
			EventType  string    `json:"eventType"`
			OccurredAt time.Time `json:"occurredAt"`
			Payload    struct {
				Ply int `json:"ply"`
			} `json:"payload"`
		}
		if len(lines.Bytes()) == 0 {
			continue // keeps the stream alive
		}
		if err := json.Unmarshal(lines.Bytes(), &ev); err != nil {
			return nil, fmt.Errorf("read the events of %s: %w", gameID, err)
		}
		if ev.EventType == "MoveMade" {
			times[ev.Payload.Ply] = ev.OccurredAt
		}
	}
	return times, lines.Err()
}
