// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A small HTTP server on lwIP's sequential API (netconn).
 *
 *	/	a page about this server
 *	/N	N bytes; the suffixes KB and MB multiply by 1024 and 1024 * 1024
 *
 * The N bytes are line numbers from 1, 15 digits each, so that the shell can
 * produce the same: seq -f %015.0f 655360 prints /10MB.
 */
#include <err.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lwip/api.h"
#include "lwip/init.h"
#include "http.h"

#define REQUEST_TIMEOUT_MS	10000
#define REQUEST_MAX		4096
#define LINE			16	/* bytes of "000000000000001\n" */
#define BLOCK			(1024 * LINE)

static void peer_name(struct netconn *conn, char *name, size_t size)
{
	ip_addr_t addr;
	u16_t port;

	if (netconn_peer(conn, &addr, &port) == ERR_OK)
		ipaddr_ntoa_r(&addr, name, size);
	else
		snprintf(name, size, "?");
}

/* Read up to the blank line that ends a request's header. */
static err_t read_request(struct netconn *conn, char *request)
{
	size_t len = 0;
	struct pbuf *p;
	err_t e;

	request[0] = '\0';
	while (!strstr(request, "\r\n\r\n")) {
		e = netconn_recv_tcp_pbuf(conn, &p);
		if (e != ERR_OK)
			return e;
		len += pbuf_copy_partial(p, request + len, REQUEST_MAX - 1 - len, 0);
		request[len] = '\0';
		pbuf_free(p);
		if (len == REQUEST_MAX - 1)
			return ERR_BUF;
	}
	return ERR_OK;
}

static err_t send_header(struct netconn *conn, const char *status, uint64_t length)
{
	char header[160];
	int len = snprintf(header, sizeof(header),
			   "HTTP/1.0 %s\r\nContent-Type: text/plain\r\n"
			   "Content-Length: %" PRIu64 "\r\nConnection: close\r\n\r\n",
			   status, length);

	return netconn_write(conn, header, len, NETCONN_COPY | NETCONN_MORE);
}

static err_t send_text(struct netconn *conn, const char *status, const char *text)
{
	err_t e = send_header(conn, status, strlen(text));

	return e == ERR_OK ? netconn_write(conn, text, strlen(text), NETCONN_COPY) : e;
}

static err_t send_page(struct netconn *conn, const char *peer)
{
	char page[512], self[IPADDR_STRLEN_MAX] = "?";
	ip_addr_t addr;
	u16_t port;

	if (netconn_addr(conn, &addr, &port) == ERR_OK)
		ipaddr_ntoa_r(&addr, self, sizeof(self));
	snprintf(page, sizeof(page),
		 "This is lwIP %s, a TCP/IP stack in process %d.\n"
		 "Your request came from %s to %s as Ethernet frames\n"
		 "that this process read from /dev/xtun, and so goes this answer.\n"
		 "Try also /10MB.\n", LWIP_VERSION_STRING, getpid(), peer, self);
	return send_text(conn, "200 OK", page);
}

/* Add one to the decimal digits of a line. */
static void next_line(char *line)
{
	char *digit = line + LINE - 2;

	while (digit > line && *digit == '9')
		*digit-- = '0';
	++*digit;
}

static err_t send_lines(struct netconn *conn, uint64_t size)
{
	char line[LINE + 1] = "000000000000000\n", block[BLOCK];
	err_t e = send_header(conn, "200 OK", size);

	for (size_t len; e == ERR_OK && size; size -= len) {
		for (size_t at = 0; at < BLOCK; at += LINE) {
			next_line(line);
			memcpy(block + at, line, LINE);
		}
		len = size < BLOCK ? size : BLOCK;
		e = netconn_write(conn, block, len, NETCONN_COPY);
	}
	return e;
}

/* "10MB" to 10485760; false if it is no size, or too large for line numbers of 15 digits. */
static bool parse_size(const char *text, uint64_t *size)
{
	uint64_t unit = 1;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*size = strtoull(text, &end, 10);
	if (!strcmp(end, "KB"))
		unit = 1024;
	else if (!strcmp(end, "MB"))
		unit = 1024 * 1024;
	else if (*end)
		return false;
	if (*size > UINT64_C(1000000000000000) / unit)
		return false;
	*size *= unit;
	return true;
}

static err_t answer(struct netconn *conn, char *request, const char *peer)
{
	char *saved, *method = strtok_r(request, " \r\n", &saved);
	char *path = strtok_r(NULL, " \r\n", &saved);
	uint64_t size;

	if (!method || !path)
		return send_text(conn, "400 Bad Request", "This is not HTTP.\n");
	warnx("%s asks %s %s", peer, method, path);
	if (strcmp(method, "GET"))
		return send_text(conn, "405 Method Not Allowed", "Only GET works here.\n");
	if (!strcmp(path, "/"))
		return send_page(conn, peer);
	if (parse_size(path + 1, &size))
		return send_lines(conn, size);
	return send_text(conn, "404 Not Found", "Try / or /10MB.\n");
}

static void *converse(void *arg)
{
	char request[REQUEST_MAX], peer[IPADDR_STRLEN_MAX];
	struct netconn *conn = arg;
	err_t e;

	peer_name(conn, peer, sizeof(peer));
	netconn_set_recvtimeout(conn, REQUEST_TIMEOUT_MS);
	e = read_request(conn, request);
	if (e == ERR_OK)
		e = answer(conn, request, peer);
	if (e == ERR_OK)
		e = netconn_close(conn);
	if (e != ERR_OK)
		warnx("%s: connection lost: %s", peer, http_error(e));
	netconn_delete(conn);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct netconn *listener = arg, *conn;
	pthread_t thread;
	err_t e;

	while ((e = netconn_accept(listener, &conn)) == ERR_OK || e == ERR_ABRT) {
		if (e == ERR_ABRT)	/* the client gave up before it was accepted */
			continue;
		if (pthread_create(&thread, NULL, converse, conn)) {
			warnx("no thread for a client, it is turned away");
			netconn_delete(conn);
			continue;
		}
		pthread_detach(thread);
	}
	errx(EXIT_FAILURE, "accept: %s", http_error(e));
}

int http_serve(void)
{
	struct netconn *listener = netconn_new(NETCONN_TCP_IPV6);
	pthread_t thread;

	/* A listener on the IPv6 any address accepts IPv4 as well. */
	if (!listener || netconn_bind(listener, IP6_ADDR_ANY, HTTP_PORT) != ERR_OK ||
	    netconn_listen(listener) != ERR_OK)
		return -1;
	if (pthread_create(&thread, NULL, accept_all, listener))
		return -1;
	pthread_detach(thread);
	return 0;
}
