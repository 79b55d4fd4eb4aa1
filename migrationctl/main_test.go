package migrationctl_test

import (
	"testing"

	"github.com/crossfade-go/crossfade/internal/enginetest"
)

func TestMain(m *testing.M) { enginetest.Main(m) }
