package schemas_test

import (
	"strings"
	"testing"

	"tabiya/schemas"
)

func TestFormatHeaderNamesTheFormat(t *testing.T) {
	t.Parallel()
	for format := 1; format < 30; format++ {
		if got := schemas.FormatOf(schemas.FormatHeader(format)); got != format {
			t.Errorf("format %d became %d", format, got)
		}
	}
	if schemas.FormatHeader(1) != nil {
		t.Error("events of the first format have a header, which those of earlier releases lack")
	}
}

func TestHeaderThatIsNoFormatIsIgnored(t *testing.T) {
	t.Parallel()
	for _, header := range []string{"", "0", "-1", "30", "99", "two", "\x00", strings.Repeat("9", 100)} {
		if got := schemas.FormatOf([]byte(header)); got != 1 {
			t.Errorf("%q is format %d", header, got)
		}
	}
}
