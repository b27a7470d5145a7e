package ledger

// Staff: who may sign in to the agents' desk.

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"

	"certdesk/flows"
	"certdesk/server/desk"
)

// Role is what a member of staff may do.
type Role string

// A supervisor also sees the audit trail and decides about money.
const (
	RoleAgent      Role = "agent"
	RoleSupervisor Role = "supervisor"
)

// Staff is a member of staff. Name signs in; Display is what applicants read.
type Staff struct {
	Name    string
	Display string
	Role    Role
}

// AddStaff adds a member of staff with a first password, or returns
// [desk.ErrUsed] when the name is taken.
func (l *Ledger) AddStaff(ctx context.Context, s Staff, password flows.Secret, at time.Time) error {
	hash, err := argon2id.CreateHash(password.Reveal(), argon2id.DefaultParams)
	if err != nil {
		return fmt.Errorf("ledger: hash a password: %w", err)
	}
	row := staffRow{Name: s.Name, Display: s.Display, Role: s.Role, PasswordHash: hash, At: millis(at)}
	return l.tx(ctx, func(ctx context.Context, tx txn) error {
		fresh, err := once(ctx, tx, &row)
		if err != nil {
			return err
		}
		if !fresh {
			return desk.ErrUsed
		}
		return l.audit(ctx, tx, audited{Actor: s.Name, Did: "joined the staff", About: string(s.Role), At: at})
	})
}

// VerifyStaff returns who has this name and password. A wrong name and a wrong
// password are the same to the caller, in time as well: [desk.ErrWrong].
func (l *Ledger) VerifyStaff(ctx context.Context, name string, password flows.Secret) (Staff, error) {
	row := staffRow{Name: name}
	err := l.read.NewSelect().Model(&row).WherePK().Scan(ctx)
	if missing(err) {
		row.PasswordHash = nobodysHash()
	} else if err != nil {
		return Staff{}, fmt.Errorf("ledger: staff: %w", err)
	}
	right, err := argon2id.ComparePasswordAndHash(password.Reveal(), row.PasswordHash)
	if err != nil {
		return Staff{}, fmt.Errorf("ledger: compare a password: %w", err)
	}
	if !right || row.At == 0 {
		return Staff{}, desk.ErrWrong
	}
	return Staff{Name: row.Name, Display: row.Display, Role: row.Role}, nil
}

// nobodysHash is compared with when there is no such name.
var nobodysHash = sync.OnceValue(func() string {
	hash, err := argon2id.CreateHash(randomName(), argon2id.DefaultParams)
	if err != nil {
		panic(err) // no input can cause it
	}
	return hash
})
