/** The HTTP routes of the commerce system. The tenant is always the caller's own (D18). */
import * as z from 'zod/mini';
import { Channel, CommerceId, CountryCode, PaymentMethod, Sku } from '../../../catalog/commerce/index.ts';
import type { Contact } from '../../../catalog/commerce/index.ts';
import { EmailAddress, Name } from '../../http/fields.ts';
import type { Route } from '../../http/http-handler.ts';
import { Problem } from '../../http/problem.ts';
import { callerOf, commandBody, pathParameter } from '../../http/request.ts';
import type { Role } from '../../http/request.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { changeContact, eraseCustomer, registerCustomer } from '../customers/customers.ts';
import { idempotencyKeyOf } from '../../http/ids.ts';
import { placeOrder } from '../orders/place-order.ts';
import { readOrder } from '../orders/read-order.ts';
import { ActivityBody, recordActivity } from './record-activity.ts';

const ANYONE: readonly Role[] = ['member', 'admin'];
const ADMIN: readonly Role[] = ['admin'];

const MOST_LINES = 100;
const MOST_OF_ONE = 1_000;
const PHONE_MAX_LENGTH = 40;
const URL_MAX_LENGTH = 2048;

const Optional = {
  email: z.optional(z.nullable(EmailAddress)),
  phone: z.optional(z.nullable(z.string().check(z.minLength(1), z.maxLength(PHONE_MAX_LENGTH)))),
  webhookUrl: z.optional(z.nullable(z.url({ protocol: /^https$/ }).check(z.maxLength(URL_MAX_LENGTH)))),
};
const ContactBody = z.object({ contact: z.object(Optional), preferredChannel: Channel });
const CustomerBody = z.object({ name: Name, ...ContactBody.shape });
const OrderBody = z.object({
  customerId: CommerceId,
  items: z
    .array(
      z.object({
        sku: Sku,
        quantity: z.number().check(z.int(), z.minimum(1), z.maximum(MOST_OF_ONE)),
      }),
    )
    .check(z.minLength(1), z.maxLength(MOST_LINES)),
  paymentMethod: PaymentMethod,
  shippingCountry: CountryCode,
});

/** Requests with an `idempotency-key` may be repeated: 201 becomes 200, and nothing is done again. With other content: 422. */
export function commerceRoutes(commerce: () => Promise<Service>): Readonly<Record<string, Route>> {
  return {
    'POST /customers': async (event) => {
      const caller = callerOf(event, ANYONE);
      const command = await commandBody(event, CustomerBody);
      const { customerId, registered } = await registerCustomer(
        await commerce(),
        caller,
        { ...command, contact: contactOf(command.contact) },
        idempotencyKeyOf(event),
      );
      return { status: registered ? 201 : 200, body: { customerId } };
    },
    'PUT /customers/{customerId}/contact': async (event) => {
      const caller = callerOf(event, ANYONE);
      const command = await commandBody(event, ContactBody);
      await changeContact(await commerce(), caller, pathParameter(event, 'customerId'), {
        ...command,
        contact: contactOf(command.contact),
      });
      return { status: 204 };
    },
    'DELETE /customers/{customerId}': async (event) => {
      await eraseCustomer(await commerce(), callerOf(event, ADMIN), pathParameter(event, 'customerId'));
      return { status: 204 };
    },
    'POST /orders': async (event) => {
      const caller = callerOf(event, ANYONE);
      const command = await commandBody(event, OrderBody);
      const { orderId, placed } = await placeOrder(
        await commerce(),
        caller,
        command,
        idempotencyKeyOf(event),
      );
      return { status: placed ? 201 : 200, body: { orderId } };
    },
    'GET /orders/{orderId}': async (event) => {
      const caller = callerOf(event, ANYONE);
      const at = timeOf(event.queryStringParameters?.['at']);
      return {
        status: 200,
        body: await readOrder(await commerce(), caller, pathParameter(event, 'orderId'), at),
      };
    },
    'POST /activity': async (event) => {
      const caller = callerOf(event, ANYONE);
      const command = await commandBody(event, ActivityBody);
      await recordActivity(await commerce(), caller, command, idempotencyKeyOf(event));
      return { status: 202, body: {} };
    },
  };
}

/** What is left out is not known. */
function contactOf({
  email = null,
  phone = null,
  webhookUrl = null,
}: z.infer<typeof ContactBody>['contact']): Contact {
  return { email, phone, webhookUrl };
}

/** @throws Problem 400 */
function timeOf(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new Problem({
    status: 400,
    code: 'WAYBILL_TIME_INVALID',
    title: 'The time is not valid',
    detail: 'Give `at` as ISO 8601, for example 2026-11-02T06:15:00Z.',
  });
}
