// SPDX-License-Identifier: GPL-2.0 OR MIT

// A host behind /dev/xtun: gVisor's TCP/IP stack, with Go's HTTP server on top.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/link/fdbased"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const nic = 1

// host attaches a stack to the file: a host on the wire at whose other end the interface is.
func host(fd int, address tcpip.AddressWithPrefix, mac net.HardwareAddr, mtu uint) *stack.Stack {
	wire, err := fdbased.New(&fdbased.Options{
		FDs:            []int{fd},
		MTU:            uint32(mtu),
		EthernetHeader: true,
		Address:        tcpip.LinkAddress(mac),
		ClosedFunc:     func(err tcpip.Error) { log.Fatal(err) },
	})
	if err != nil {
		log.Fatal(err)
	}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{icmp.NewProtocol4, tcp.NewProtocol},
	})
	if err := s.CreateNIC(nic, wire); err != nil {
		log.Fatal(err)
	}
	own := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: address}
	if err := s.AddProtocolAddress(nic, own, stack.AddressProperties{}); err != nil {
		log.Fatal(err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: address.Subnet(), NIC: nic}})
	return s
}

// serve answers GET with a page or 10 MB of numbered lines, and PUT with the size and
// SHA-256 of what it received.
func serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPut:
		sum := sha256.New()
		n, _ := io.Copy(sum, r.Body)
		fmt.Fprintf(w, "%d bytes, SHA-256 %x\n", n, sum.Sum(nil))
	case r.URL.Path == "/10MB":
		w.Header().Set("Content-Length", "10485760")
		for line := 1; line <= 655360; line++ {
			fmt.Fprintf(w, "%015d\n", line)
		}
	case r.URL.Path == "/":
		fmt.Fprintln(w, "This page came from gVisor, through /dev/xtun.")
	default:
		http.NotFound(w, r)
	}
}

func main() {
	device := flag.String("device", "/dev/xtun", "the `file` to read frames from and write them to")
	fd := flag.Int("fd", -1, "the `descriptor` of a file that is open already, as of a tap")
	address := flag.String("address", "10.99.0.2/24", "IPv4 `address` and length of the prefix")
	link := flag.String("mac", "02:00:00:00:00:02", "Ethernet `address`, not the interface's own")
	mtu := flag.Uint("mtu", 1500, "the interface's `MTU`")
	flag.Parse()

	ip, network, err := net.ParseCIDR(*address)
	if err != nil || ip.To4() == nil {
		log.Fatalf("%s is no IPv4 address with a prefix", *address)
	}
	mac, err := net.ParseMAC(*link)
	if err != nil {
		log.Fatal(err)
	}
	bits, _ := network.Mask.Size()
	own := tcpip.AddressWithPrefix{Address: tcpip.AddrFrom4Slice(ip.To4()), PrefixLen: bits}

	if *fd < 0 {
		*fd, err = unix.Open(*device, unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			log.Fatalf("%s: %v", *device, err)
		}
	}
	s := host(*fd, own, mac, *mtu)
	port := tcpip.FullAddress{Addr: own.Address, Port: 80}
	listener, err := gonet.ListenTCP(s, port, ipv4.ProtocolNumber)
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("serving http://%s/", ip)
	log.Fatal(http.Serve(listener, http.HandlerFunc(serve)))
}
