package server

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
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

// InspectRedis says what about a Redis would lose conversations or refuse
// messages later: each master is asked, because a cluster may be set up
// unevenly. What is permitted and unwise is an error here; it does not keep the
// service from starting.
func InspectRedis(ctx context.Context, address flows.Secret) error {
	client, err := openRedis(address)
	if err != nil {
		return err
	}
	look := func(ctx context.Context, node redis.Cmdable) error {
		about, err := node.Info(ctx).Result()
		if err != nil {
			return fmt.Errorf("server: inspect Redis: %w", err)
		}
		return unfit(about)
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return look(ctx, node) })
	} else {
		err = look(ctx, client)
	}
	return errors.Join(err, client.Close())
}

const oldestRedis = 7 // the major version that the tests run on

// unfit reads what INFO answers: lines of name:value.
func unfit(about string) error {
	said := make(map[string]string)
	for line := range strings.Lines(about) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			said[name] = value
		}
	}
	var errs []error
	major, _, _ := strings.Cut(said["redis_version"], ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestRedis {
		errs = append(errs, fmt.Errorf("version %q is older than %d, on which certdesk is tested", said["redis_version"], oldestRedis))
	}
	if said["maxmemory_policy"] != "noeviction" {
		errs = append(errs, fmt.Errorf("maxmemory-policy is %q: conversations would be thrown away when memory is short; set noeviction", said["maxmemory_policy"]))
	}
	if said["aof_enabled"] != "1" {
		errs = append(errs, errors.New("appendonly is off: a restart would send applicants back to the last page that they saved; set appendonly yes"))
	}
	return errors.Join(errs...)
}
