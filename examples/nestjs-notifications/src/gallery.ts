/** Tells users of their images. */
import { Injectable } from '@nestjs/common';
import type { EnvelopeOf } from 'waybill/contracts';
import { OnEvent, WaybillNotifications } from 'waybill/nestjs';
import { GenerationComplete } from './events.js';

@Injectable()
export class Gallery {
  constructor(private readonly notifications: WaybillNotifications) {}

  /** Called again when it throws, and for an event that is delivered again: notify() stores each id once. */
  @OnEvent(GenerationComplete)
  async tell(event: EnvelopeOf<typeof GenerationComplete>): Promise<void> {
    const { eventId, eventType, tenantId, data } = event;
    const { userId, ...shown } = data;
    await this.notifications.notify({ tenantId, userId }, { id: eventId, eventType, data: shown });
  }
}
