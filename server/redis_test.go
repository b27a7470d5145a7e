package server

import (
	"strings"
	"testing"

	"certdesk/flows"
	"certdesk/server/talks/redistest"
)

// TestInspectRedis asks real servers: one as deploy/redis.conf sets it up, and
// one as Redis comes.
func TestInspectRedis(t *testing.T) {
	good := redistest.Single(t, "--appendonly", "yes", "--maxmemory-policy", "noeviction")
	if err := InspectRedis(t.Context(), flows.Conceal("redis://"+good)); err != nil {
		t.Errorf("InspectRedis = %v, want nothing to say", err)
	}
	bad := redistest.Single(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru")
	err := InspectRedis(t.Context(), flows.Conceal("redis://"+bad))
	if err == nil || !strings.Contains(err.Error(), "maxmemory-policy") || !strings.Contains(err.Error(), "appendonly") || strings.Contains(err.Error(), "version") {
		t.Errorf("InspectRedis = %v, want the policy and the file named", err)
	}
	if err := InspectRedis(t.Context(), flows.Conceal("redis+cluster://"+redistest.Cluster(t)[0])); err == nil || strings.Contains(err.Error(), "inspect") {
		t.Errorf("InspectRedis of a cluster without a file = %v, want that said", err)
	}
}

func TestOldRedisIsUnfit(t *testing.T) {
	for version, fit := range map[string]bool{"6.2.14": false, "": false, "7.0.15": true, "8.2.1": true} {
		err := unfit("# Server\r\nredis_version:" + version + "\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n")
		if (err == nil) != fit {
			t.Errorf("unfit of version %q = %v", version, err)
		}
	}
}
