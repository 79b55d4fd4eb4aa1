//go:build unix

package memmysql

import (
	"net"
	"syscall"
)

// gone reports whether the other side of a connection has closed it. It looks
// at what has arrived without taking it.
func gone(c net.Conn) bool {
	if h, ok := c.(hidden); ok {
		c = h.Conn
	}
	s, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return true
	}
	ended := false
	err = raw.Read(func(fd uintptr) bool {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		ended = err == nil && n == 0 || err == syscall.ECONNRESET
		return true
	})
	return err != nil || ended
}
