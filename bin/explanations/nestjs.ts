/** Codes of the NestJS module. Each stops the application while it starts. */
import type { NestErrorCode } from '../../nestjs/errors.ts';
import type { AreaExplanation } from './explanation.ts';

export const NEST_EXPLANATIONS = {
  WAYBILL_NEST_HANDLER_MISSING: {
    what: 'A consumer declares an event, and no method handles it.',
    why: 'Every message of that event would be dead-lettered.',
    fix: 'Put @OnEvent() on a method of a provider, and the provider into a module of the application.',
    example: '@OnEvent(GenerationComplete) async show(event: EnvelopeOf<typeof GenerationComplete>) {}',
  },
  WAYBILL_NEST_HANDLER_TWICE: {
    what: 'Two methods handle the same event of the same consumer.',
    why: 'A message has one outcome: when one method fails and the other does not, both would run again.',
    fix: 'Keep one, or give each a queue and a consumer, and name the consumer in @OnEvent().',
    example: "@OnEvent(OrderPlaced, { consumer: 'search' })",
  },
  WAYBILL_NEST_HANDLER_WITHOUT_CONSUMER: {
    what: 'A method handles an event that no consumer declares.',
    why: 'It would never run, and nothing would tell.',
    fix: 'Add the contract to `contracts` of its consumer.',
    example: 'WaybillModule.forRoot({ consumer, queueUrl, contracts: [OrderPlaced] })',
  },
  WAYBILL_NEST_HANDLER_SCOPED: {
    what: 'A method with @OnEvent() belongs to a request-scoped or transient provider.',
    why: 'A message is no request: there is no instance to call.',
    fix: 'Give the provider, and what it depends on, the default scope.',
    example: '@Injectable() export class Gallery {}',
  },
  WAYBILL_NEST_HANDLER_NO_METHOD: {
    what: '@OnEvent() was put on something that is no method.',
    why: 'Only a method is found when the application starts; an arrow function in a property is not.',
    fix: 'Write a method.',
    example: '@OnEvent(OrderPlaced) async place(event: EnvelopeOf<typeof OrderPlaced>) {}',
  },
  WAYBILL_NEST_CONSUMER_TWICE: {
    what: 'Two consumers of WaybillModule have one name.',
    why: 'The name is the key of the inbox: one would pass over what the other handled.',
    fix: 'Give each its own name.',
    example: "consumers: [{ consumer: 'shipping', queueUrl }, { consumer: 'search', queueUrl: other }]",
  },
  WAYBILL_NEST_INBOX_MISSING: {
    what: 'A handler takes a transaction, and its consumer has no inbox.',
    why: 'There is no transaction to give.',
    fix: 'Give WaybillModule a pool as `inbox`.',
    example: 'WaybillModule.forRoot({ consumer, queueUrl, inbox: pool })',
  },
  WAYBILL_NEST_PEER_MISSING: {
    what: 'A package of Nest is not installed.',
    why: 'Nest is an optional peer: who does not run it does not install it.',
    fix: 'Install the package that the message names.',
    example: 'npm install @nestjs/websockets @nestjs/platform-ws ws',
  },
  WAYBILL_NEST_QUEUE_URL_MISSING: {
    what: 'A consumer has no name or no queue URL.',
    why: 'There is nothing to read.',
    fix: 'Give it to WaybillModule. With one consumer the variables WAYBILL_CONSUMER and WAYBILL_QUEUE_URL do too.',
    example: "WaybillModule.forRoot({ consumer: 'gallery', queueUrl: process.env.QUEUE_URL })",
  },
  WAYBILL_NEST_TICKET_SECRET_MISSING: {
    what: 'The notifications module has no secret for tickets, or a short one.',
    why: 'Anybody could make a ticket for anybody.',
    fix: 'Give it a random secret of 32 bytes or more, or an `authenticate` of your own.',
    example: 'WaybillNotificationsModule.forRoot({ store, ticketSecret: process.env.TICKET_SECRET })',
  },
  WAYBILL_NEST_ADAPTER_MISSING: {
    what: 'The application uses a WebSocket adapter that does not speak plain WebSocket.',
    why: "Nest's default is socket.io, which no browser speaks without a library.",
    fix: 'Use WsAdapter of @nestjs/platform-ws.',
    example: 'app.useWebSocketAdapter(new WsAdapter(app))',
  },
} as const satisfies Readonly<Record<NestErrorCode, AreaExplanation>>;
