package httpx

import (
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestAcceptChoosesTheClientsPreferredType(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"":                                    "application/json",
		"*/*":                                 "application/json",
		"application/*":                       "application/json",
		"application/x-chess-pgn":             "application/x-chess-pgn",
		"APPLICATION/X-CHESS-PGN;q=1.0":       "application/x-chess-pgn",
		"application/json;q=0.5, */*":         "application/x-chess-pgn",
		"application/json;q=0, application/*": "application/x-chess-pgn",
		"text/html, application/json;q=0.1":   "application/json",
		"text/html":                           "",
		"application/json;q=0":                "",
		"application/json;q=NaN":              "",
		"nonsense, ;;, /, application/json":   "application/json",
	} {
		c, _ := gin.CreateTestContext(httptest.NewRecorder())
		c.Request = httptest.NewRequest("GET", "/", nil)
		if header != "" {
			c.Request.Header.Set("Accept", header)
		}
		got, ok := Accept(c, "application/json", "application/x-chess-pgn")
		if got != want || ok != (want != "") {
			t.Errorf("Accept header %q: got %q, want %q", header, got, want)
		}
	}
}
