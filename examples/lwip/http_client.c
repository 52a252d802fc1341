// SPDX-License-Identifier: GPL-2.0 OR MIT
/*
 * A small HTTP client on lwIP's sequential API (netconn): one GET, whose body goes
 * to a stdio stream. The request is HTTP/1.0, so that no answer is chunked.
 */
#include <err.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

#include "lwip/api.h"
#include "http.h"

#define ANSWER_TIMEOUT_MS	30000
#define HEADER_MAX		8192

struct url {
	ip_addr_t addr;
	u16_t port;
	const char *path;
};

struct answer {
	FILE *out;
	char header[HEADER_MAX];
	size_t header_len;
	bool in_body;
	int status;
	bool has_length;
	uint64_t length, received;
};

static bool parse_url(const char *text, struct url *url)
{
	char host[16];
	unsigned int port = HTTP_PORT;
	int end = 0;

	if (sscanf(text, "http://%15[0-9.]%n", host, &end) != 1 || !ipaddr_aton(host, &url->addr))
		return false;
	text += end;
	if (*text == ':') {
		if (sscanf(text, ":%u%n", &port, &end) != 1)
			return false;
		text += end;
	}
	url->port = port;
	url->path = *text ? text : "/";
	return *url->path == '/' && port > 0 && port <= UINT16_MAX;
}

static err_t send_request(struct netconn *conn, const char *text, const struct url *url)
{
	const char *host = text + strlen("http://");
	char request[1024];
	int len = snprintf(request, sizeof(request),
			   "GET %s HTTP/1.0\r\nHost: %.*s\r\nConnection: close\r\n\r\n",
			   url->path, (int)strcspn(host, "/"), host);

	if (len >= (int)sizeof(request))
		return ERR_BUF;
	return netconn_write(conn, request, len, NETCONN_COPY);
}

static void parse_header(struct answer *a)
{
	static const char length[] = "Content-Length:";
	char *line, *saved;

	if (sscanf(a->header, "HTTP/%*u.%*u %d", &a->status) != 1)
		a->status = 0;
	for (line = strtok_r(a->header, "\r\n", &saved); line;
	     line = strtok_r(NULL, "\r\n", &saved))
		if (!strncasecmp(line, length, strlen(length)))
			a->has_length = sscanf(line + strlen(length), "%" SCNu64, &a->length) == 1;
}

/* Only the body of a 200 is written to the output, not that of an error page. */
static bool take_body(struct answer *a, const char *data, size_t len)
{
	if (a->has_length && len > a->length - a->received)
		len = a->length - a->received;
	a->received += len;
	return a->status != 200 || fwrite(data, 1, len, a->out) == len;
}

/* Collect the header up to its blank line; what follows in data is body. */
static bool take_header(struct answer *a, const char *data, size_t len)
{
	while (len && a->header_len < HEADER_MAX - 1) {
		a->header[a->header_len++] = *data++;
		len--;
		a->header[a->header_len] = '\0';
		if (a->header_len < 4 || strcmp(a->header + a->header_len - 4, "\r\n\r\n"))
			continue;
		a->in_body = true;
		parse_header(a);
		return take_body(a, data, len);
	}
	return a->header_len < HEADER_MAX - 1;
}

static bool take(struct answer *a, const struct pbuf *p)
{
	for (; p; p = p->next)
		if (!(a->in_body ? take_body : take_header)(a, p->payload, p->len))
			return false;
	return true;
}

/* Receive until the body has its announced length or the server closes. */
static err_t receive(struct netconn *conn, struct answer *a)
{
	struct pbuf *p;
	err_t e;
	bool ok;

	while (!(a->in_body && a->has_length && a->received >= a->length)) {
		e = netconn_recv_tcp_pbuf(conn, &p);
		if (e != ERR_OK)
			return e;
		ok = take(a, p);
		pbuf_free(p);
		if (!ok)
			return ERR_BUF;
	}
	return ERR_OK;
}

static int judge(const char *text, struct answer *a, err_t e)
{
	bool complete = a->in_body && (a->has_length ? a->received == a->length : e == ERR_CLSD);

	if (fflush(a->out) || ferror(a->out))
		warn("cannot write the body");
	else if (!a->in_body)
		warnx("%s: no HTTP header: %s", text, http_error(e));
	else if (a->status != 200)
		warnx("%s: the server answers %d", text, a->status);
	else if (!complete)
		warnx("%s: only %" PRIu64 " bytes of the body: %s", text, a->received,
		      http_error(e));
	else
		return warnx("%s: %" PRIu64 " bytes", text, a->received), 0;
	return -1;
}

int http_fetch(const char *text, FILE *out)
{
	struct answer answer = { .out = out };
	struct netconn *conn;
	struct url url;
	err_t e;

	if (!parse_url(text, &url)) {
		warnx("%s: write it as http://ADDRESS[:PORT]/PATH", text);
		return -1;
	}
	conn = netconn_new(NETCONN_TCP);
	if (!conn) {
		warnx("lwIP has no memory for a connection");
		return -1;
	}
	netconn_set_recvtimeout(conn, ANSWER_TIMEOUT_MS);
	e = netconn_connect(conn, &url.addr, url.port);
	if (e != ERR_OK) {
		warnx("%s: no connection: %s", text, http_error(e));
		netconn_delete(conn);
		return -1;
	}
	e = send_request(conn, text, &url);
	if (e == ERR_OK)
		e = receive(conn, &answer);
	netconn_delete(conn);
	return judge(text, &answer, e);
}
