package template

import (
	"testing"

	"github.com/crossfade-go/crossfade/internal/enginetest/leaks"
)

func TestMain(m *testing.M) { leaks.Main(m) }
