// Package web serves the chess app. "make web" builds it into dist, which is embedded;
// a program that was built without it says how to get it.
package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed all:dist
var embedded embed.FS

// Pages are the paths that the app answers with its one page, in the notation of Gin.
// What it shows there, the page itself decides.
var Pages = []string{"/", "/tv", "/tv/:speed", "/game/:game", "/player/:player", "/sign-in", "/register", "/about", "/leaderboard", "/leaderboard/:speed"}

// Assets are the paths of its other files, which have the hash of their content in
// their names.
const Assets = "/assets/*file"

// policy allows the page what it is made of and nothing of another site: no script or
// style but its own files, no request but to this host, no frame around it.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

const notBuilt = "<!doctype html><html lang=en><meta charset=utf-8><title>Tabiya</title>" +
	"<p>The chess app is not in this program: install Node.js and npm, then run <code>make run</code> again. The API is at <a href=/openapi.json>/openapi.json</a>.\n"

// file is a file of the app, as it is and compressed.
type file struct {
	plain, gzipped []byte
	mediaType      string
}

// App holds the files of the chess app.
type App struct{ files map[string]file }

// New returns the app that is embedded in this program.
func New() (*App, error) {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		return nil, fmt.Errorf("open the embedded app: %w", err)
	}
	return load(dist)
}

// load reads and compresses the files of a built app, so that no request has to.
func load(dist fs.FS) (*App, error) {
	a := &App{files: make(map[string]file)}
	err := fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Base(name) == ".keep" {
			return err
		}
		text, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		a.files[name] = newFile(name, text)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the app: %w", err)
	}
	return a, nil
}

func newFile(name string, text []byte) file {
	f := file{plain: text, mediaType: mime.TypeByExtension(path.Ext(name))}
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is valid
	}
	_, _ = w.Write(text) // into memory
	_ = w.Close()
	if zipped.Len() < len(text) {
		f.gzipped = zipped.Bytes()
	}
	return f
}

// Page serves the page.
func (a *App) Page(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache") // it names the other files, which change with it
	page, ok := a.files["index.html"]
	if !ok {
		page = newFile("index.html", []byte(notBuilt))
	}
	page.serve(w, r)
}

// Asset serves a file below /assets/.
func (a *App) Asset(w http.ResponseWriter, r *http.Request) (found bool) {
	f, found := a.files[strings.TrimPrefix(path.Clean(r.URL.Path), "/")]
	if found {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		f.serve(w, r)
	}
	return found
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.mediaType)
	body := f.plain
	if f.gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.gzipped
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	_, _ = w.Write(body) // fails if the client has gone
}
