package server

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"

	"certdesk/flows"
)

// Redis in the three shapes that it may have. The address says which:
//
//	redis://user:password@host:6379/0                                        one server
//	redis+sentinel://host:26379?addr=host2:26379&master_name=certdesk        a master under sentinels
//	redis+cluster://host:6379?addr=host2:6379&addr=host3:6379                a cluster
//
// with rediss in the place of redis for TLS. Further parameters are those of
// the driver: pool_size, read_timeout, and so on.

// errRedis is told without the address, which holds the password.
var errRedis = errors.New("server: " + prefix + "REDIS_URL is not redis://, redis+sentinel:// or redis+cluster:// (rediss for TLS)")

// openRedis makes a client; it connects when it is first used. A command whose
// answer is lost is sent again by the driver: that is harmless, because a
// commit finds its own answer under the event's name, and every other command
// may be done twice.
func openRedis(address flows.Secret) (redis.UniversalClient, error) {
	u, err := url.Parse(address.Reveal())
	if err != nil {
		return nil, errRedis
	}
	scheme, shape, _ := strings.Cut(u.Scheme, "+")
	if scheme != "redis" && scheme != "rediss" {
		return nil, errRedis
	}
	u.Scheme = scheme
	switch shape {
	case "":
		o, err := redis.ParseURL(u.String())
		if err != nil {
			return nil, mistaken(err)
		}
		return redis.NewClient(o), nil
	case "sentinel":
		o, err := redis.ParseFailoverURL(u.String())
		if err != nil {
			return nil, mistaken(err)
		}
		return redis.NewFailoverClient(o), nil
	case "cluster":
		o, err := redis.ParseClusterURL(u.String())
		if err != nil {
			return nil, mistaken(err)
		}
		return redis.NewClusterClient(o), nil
	}
	return nil, errRedis
}

// mistaken names a wrong parameter. The driver's errors name parameters and
// hosts, but one of net/url repeats the whole address.
func mistaken(err error) error {
	if _, ok := errors.AsType[*url.Error](err); ok {
		return errRedis
	}
	return fmt.Errorf("server: %sREDIS_URL: %w", prefix, err)
}
