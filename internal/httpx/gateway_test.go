package httpx

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tabiya/schemas"
)

// gatewayConf returns the nginx configuration of the compose file.
func gatewayConf(t *testing.T) string {
	t.Helper()
	conf, err := os.ReadFile(filepath.Join("..", "..", "deploy", "compose", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(conf)
}

func TestGatewayAllowsLargerBodiesThanTheServices(t *testing.T) {
	t.Parallel()
	size := regexp.MustCompile(`client_max_body_size (\d+)m;`).FindStringSubmatch(gatewayConf(t))
	if size == nil {
		t.Fatal("client_max_body_size in MiB not found")
	}
	if n, _ := strconv.Atoi(size[1]); n<<20 <= MaxBody {
		t.Errorf("the gateway allows %d MiB, want more than a service's %d bytes", n, MaxBody)
	}
}

func TestGatewayErrorsAreProblemDocuments(t *testing.T) {
	t.Parallel()
	conf := gatewayConf(t)
	for name, c := range map[string]struct {
		statuses, code string
		codes          []schemas.Code
	}{
		"@away":      {"502 504 =503", "$unanswered", []schemas.Code{schemas.CodeUnavailable, schemas.CodeOutcomeUnknown}},
		"@too_large": {"413", "", []schemas.Code{schemas.CodeBodyTooLarge}},
		"@nothing":   {"404", "", []schemas.Code{schemas.CodeNotFound}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(conf, "error_page "+c.statuses+" "+name+";") {
				t.Errorf("status %s does not lead to %s", c.statuses, name)
			}
			_, block, _ := strings.Cut(conf, "location "+name+" {")
			block, _, _ = strings.Cut(block, "\n  }\n")
			answer := regexp.MustCompile(`return (\d+) '(.*)';`).FindStringSubmatch(block)
			if answer == nil || !strings.Contains(block, "default_type application/problem+json;") {
				t.Fatalf("%q does not return a problem document", block)
			}
			for _, code := range c.codes {
				if c.code != "" && !regexp.MustCompile(`(?m)^  .+ `+string(code)+`;$`).MatchString(conf) {
					t.Errorf("no rule sets %s to %s", c.code, code)
				}
				var p Problem
				if _, err := DecodeStrict([]byte(strings.ReplaceAll(answer[2], "$unanswered", string(code))), &p); err != nil {
					t.Fatal(err)
				}
				if p.Code != code || p.Status != Status(code) || strconv.Itoa(p.Status) != answer[1] {
					t.Errorf("status %s has the problem %+v", answer[1], p)
				}
				if p.Status == 503 && !strings.Contains(block, "add_header Retry-After 1 always;") {
					t.Error("the 503 has no Retry-After")
				}
			}
		})
	}
}

func TestGatewayPathsAreDescribedInOpenAPI(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "services", "openapi", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("found OpenAPI documents %v: %v", files, err)
	}
	var described strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		described.Write(text)
	}
	for _, location := range regexp.MustCompile(`location (/\S*) `).FindAllStringSubmatch(gatewayConf(t), -1) {
		if !strings.Contains(described.String(), "\n  "+location[1]) {
			t.Errorf("no service has the path %s", location[1])
		}
	}
}
