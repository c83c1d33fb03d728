package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func built(t *testing.T) *App {
	t.Helper()
	a, err := load(fstest.MapFS{
		".keep":           {},
		"index.html":      {Data: []byte("<!doctype html><title>Tabiya</title>" + strings.Repeat(" ", 200))},
		"assets/app-1.js": {Data: []byte(strings.Repeat("play();", 100))},
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestPageAllowsNoInlineScriptAndNoOtherSite(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	built(t).Page(w, httptest.NewRequest("GET", "/", nil))
	policy := w.Header().Get("Content-Security-Policy")
	for _, must := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, must) {
			t.Errorf("the policy %q lacks %q", policy, must)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
		t.Errorf("the policy %q allows too much", policy)
	}
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Header().Get("Cache-Control") != "no-cache" || !strings.Contains(w.Body.String(), "<title>Tabiya</title>") {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestProgramWithoutTheAppSaysHowToGetIt(t *testing.T) {
	t.Parallel()
	a, err := load(fstest.MapFS{".keep": {}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	a.Page(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "install Node.js and npm, then run <code>make run</code> again") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestAssetsAreKeptForEverAndCompressed(t *testing.T) {
	t.Parallel()
	a := built(t)
	r := httptest.NewRequest("GET", "/assets/app-1.js", nil)
	plain := httptest.NewRecorder()
	if !a.Asset(plain, r) || plain.Body.Len() != 700 || plain.Header().Get("Content-Encoding") != "" {
		t.Fatalf("%d bytes, %v", plain.Body.Len(), plain.Header())
	}
	r.Header.Set("Accept-Encoding", "br, gzip")
	w := httptest.NewRecorder()
	if !a.Asset(w, r) || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Fatalf("%v", w.Header())
	}
	unzipped, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(unzipped); err != nil || string(text) != plain.Body.String() {
		t.Errorf("%d bytes, %v", len(text), err)
	}
}

func TestOnlyFilesOfTheAppAreServed(t *testing.T) {
	t.Parallel()
	a := built(t)
	for _, path := range []string{"/assets/none.js", "/assets/", "/assets/../web.go", "/assets/%2e%2e/.keep", "/.keep"} {
		if a.Asset(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)) {
			t.Errorf("%s was served", path)
		}
	}
}
