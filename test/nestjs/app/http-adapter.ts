/** A Nest HTTP adapter over `node:http`: exact paths and JSON, as much as the tests' application needs. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { AbstractHttpAdapter } from '@nestjs/core';

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => unknown;

class Routes {
  readonly #routes = new Map<string, Handler>();
  readonly #all: Handler[] = [];

  use(handler: Handler): void {
    this.#all.push(handler);
  }

  get(path: string, handler: Handler): void {
    this.#routes.set(`GET ${path}`, handler);
  }

  post(path: string, handler: Handler): void {
    this.#routes.set(`POST ${path}`, handler);
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    const route = this.#routes.get(`${request.method} ${request.url?.split('?')[0]}`);
    if (route === undefined) response.writeHead(404).end();
    else void route(request, response, () => response.writeHead(404).end());
  }
}

export class HttpAdapter extends AbstractHttpAdapter<Server, IncomingMessage, ServerResponse> {
  constructor() {
    super(new Routes());
  }

  override listen(port: number, ...rest: unknown[]): Server {
    return this.httpServer.listen(port, '127.0.0.1', rest.at(-1) as () => void);
  }

  override async close(): Promise<void> {
    this.httpServer.closeAllConnections();
    await new Promise((resolve) => this.httpServer.close(resolve));
  }

  override initHttpServer(): void {
    const routes = this.instance as Routes;
    this.httpServer = createServer((request, response) => routes.answer(request, response));
  }

  override reply(response: ServerResponse, body: unknown, statusCode?: number): void {
    if (statusCode !== undefined) response.statusCode = statusCode;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body));
  }

  override status(response: ServerResponse, statusCode: number): void {
    response.statusCode = statusCode;
  }

  override end(response: ServerResponse, message?: string): void {
    response.end(message);
  }

  override getRequestHostname(request: IncomingMessage): string {
    return request.headers.host ?? '';
  }

  override getRequestMethod(request: IncomingMessage): string {
    return request.method ?? 'GET';
  }

  override getRequestUrl(request: IncomingMessage): string {
    return request.url ?? '/';
  }

  override isHeadersSent(response: ServerResponse): boolean {
    return response.headersSent;
  }

  override getHeader(response: ServerResponse, name: string): unknown {
    return response.getHeader(name);
  }

  override setHeader(response: ServerResponse, name: string, value: string): void {
    response.setHeader(name, value);
  }

  override appendHeader(response: ServerResponse, name: string, value: string): void {
    response.appendHeader(name, value);
  }

  override createMiddlewareFactory(): () => void {
    return () => undefined;
  }

  override applyVersionFilter(handler: Function): () => Function {
    return () => handler;
  }

  override getType(): string {
    return 'node-http';
  }

  override useStaticAssets(): void {}
  override setViewEngine(): void {}
  override render(): void {}
  override redirect(): void {}
  override setErrorHandler(): void {}
  override setNotFoundHandler(): void {}
  override registerParserMiddleware(): void {}
  override enableCors(): void {}
}
