/** Starts the tests' application; the test talks to it over the process's channel. */
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { NestFactory } from '@nestjs/core';
import { WsAdapter } from '@nestjs/platform-ws';
import { ApplicationModule, Gate } from './application.ts';
import { HttpAdapter } from './http-adapter.ts';

const application = await NestFactory.create(ApplicationModule, new HttpAdapter(), {
  logger: ['error', 'fatal'],
});
application.useWebSocketAdapter(new WsAdapter(application));
application.enableShutdownHooks(['SIGTERM'], { useProcessExit: true });
await application.listen(0);
process.on('SIGTERM', () => process.send?.({ type: 'stopping' }));
process.on('message', (message) => {
  if (message === 'open') application.get(Gate).open();
});
const { port } = (application.getHttpServer() as Server).address() as AddressInfo;
process.send?.({ type: 'listening', port });
