/** Tickets for browsers, and the status for a health check. */
import { Controller, Get, Headers, Post } from '@nestjs/common';
import { createTicket, WaybillConsumers } from 'waybill/nestjs';
import type { WaybillStatus } from 'waybill/nestjs';
import { Sessions } from './sessions.js';

@Controller()
export class HttpController {
  constructor(
    private readonly sessions: Sessions,
    private readonly consumers: WaybillConsumers,
  ) {}

  /** The browser asks for one right before it connects: it is good for a minute and one connection. */
  @Post('tickets')
  ticket(@Headers('authorization') authorization: string | undefined): { ticket: string; url: string } {
    const session = this.sessions.of(authorization);
    return {
      ticket: createTicket(process.env['TICKET_SECRET']!, session),
      url: process.env['WEB_SOCKET_URL'] ?? 'ws://localhost:3000/notifications',
    };
  }

  @Get('health')
  health(): WaybillStatus {
    return this.consumers.status();
  }
}
