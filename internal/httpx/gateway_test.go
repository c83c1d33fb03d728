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

// gatewayConf is the nginx of the compose file.
func gatewayConf(t *testing.T) string {
	t.Helper()
	conf, err := os.ReadFile(filepath.Join("..", "..", "deploy", "compose", "nginx.conf"))
	if err != nil {
		t.Fatal(err)
	}
	return string(conf)
}

func TestTheGatewayLetsAServiceRefuseABodyThatIsTooLarge(t *testing.T) {
	t.Parallel()
	size := regexp.MustCompile(`client_max_body_size (\d+)m;`).FindStringSubmatch(gatewayConf(t))
	if size == nil {
		t.Fatal("no limit in MiB")
	}
	if n, _ := strconv.Atoi(size[1]); n<<20 <= MaxBody {
		t.Errorf("the gateway takes %d MiB, a service %d bytes", n, MaxBody)
	}
}

func TestWhatTheGatewayAnswersForAServiceIsAProblem(t *testing.T) {
	t.Parallel()
	conf := gatewayConf(t)
	for name, c := range map[string]struct {
		handed, code string
		codes        []schemas.Code
	}{
		"@away":      {"502 504 =503", "$unanswered", []schemas.Code{schemas.CodeUnavailable, schemas.CodeOutcomeUnknown}},
		"@too_large": {"413", "", []schemas.Code{schemas.CodeBodyTooLarge}},
		"@nothing":   {"404", "", []schemas.Code{schemas.CodeNotFound}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(conf, "error_page "+c.handed+" "+name+";") {
				t.Errorf("%s are not handed to it", c.handed)
			}
			_, block, _ := strings.Cut(conf, "location "+name+" {")
			block, _, _ = strings.Cut(block, "\n  }\n")
			answer := regexp.MustCompile(`return (\d+) '(.*)';`).FindStringSubmatch(block)
			if answer == nil || !strings.Contains(block, "default_type application/problem+json;") {
				t.Fatalf("no problem document in %q", block)
			}
			for _, code := range c.codes {
				if c.code != "" && !regexp.MustCompile(`(?m)^  .+ `+string(code)+`;$`).MatchString(conf) {
					t.Errorf("%s is never %s", c.code, code)
				}
				var p Problem
				if _, err := DecodeStrict([]byte(strings.ReplaceAll(answer[2], "$unanswered", string(code))), &p); err != nil {
					t.Fatal(err)
				}
				if p.Code != code || p.Status != Status(code) || strconv.Itoa(p.Status) != answer[1] {
					t.Errorf("%s with %+v", answer[1], p)
				}
				if p.Status == 503 && !strings.Contains(block, "add_header Retry-After 1 always;") {
					t.Error("no Retry-After")
				}
			}
		})
	}
}

func TestTheGatewayKnowsNoPathThatNoServiceHas(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "services", "openapi", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
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
			t.Errorf("%s", location[1])
		}
	}
}
