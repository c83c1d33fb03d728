package test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"tabiya/internal/client"
	"tabiya/internal/eventually"
	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

// contractEnv is for how many seconds schemathesis sends requests that the OpenAPI document
// allows, and requests that it does not: make contract.
const contractEnv = "TABIYA_TEST_CONTRACT"

// Whatever is sent, the built program answers as its document says.
func TestAnswersAreAsTheOpenAPIDocumentSays(t *testing.T) {
	seconds, err := strconv.Atoi(os.Getenv(contractEnv))
	if err != nil {
		t.Skipf("make contract runs it: %s is not a number", contractEnv)
	}
	root := gamestest.Root(t)
	tool := filepath.Join(root, ".cache", "contract", "bin", "schemathesis")
	p := up(t, "--passwords-per-address=0")
	api := client.New(client.Config{URL: p.url, Patience: time.Minute, Connections: 4})
	register := func(handle string) client.Player {
		who, err := api.Register(t.Context(), handle, client.Registration{Handle: handle, Password: "correct horse battery"})
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	white, black := register("white"), register("black")
	newGame := func() string {
		game, err := api.CreateGame(t.Context(), p.serviceToken, schemas.NewID(), client.NewGame{
			White: white.ID, Black: black.ID, TimeControl: schemas.TimeControl{InitialCs: 180_000},
		})
		if err != nil {
			t.Fatal(err)
		}
		return game.ID
	}
	running, finished := newGame(), newGame()
	abort := client.Request{Method: http.MethodPost, Path: "/v1/games/" + finished + "/abort", Token: white.Token, Key: "1"}
	if err := api.Do(t.Context(), abort, nil); err != nil {
		t.Fatal(err)
	}
	eventually.NoError(t, "the finished game is in history", func() error {
		return api.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/v1/history/games/" + finished}, nil)
	})
	folder := filepath.Join(root, "test", "testdata", "contract")
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(seconds)*time.Second+10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool, "--config-file", filepath.Join(folder, "schemathesis.toml"),
		"run", p.url+"/openapi.json", "--max-time", strconv.Itoa(seconds))
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HOOKS="+filepath.Join(folder, "hooks.py"), "API_URL="+p.url,
		"PLAYER_TOKEN="+white.Token, "SERVICE_TOKEN="+p.serviceToken, "GAME_ID="+running, "FINISHED_ID="+finished)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("schemathesis: %v", err)
	}
}
