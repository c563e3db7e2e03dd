/** What a consumer needs that puts what waits back on its queue as a copy: the right to send there, more than once. */
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { EventFunction } from './event-function.ts';
import type { EventQueue } from './event-queue.ts';

/**
 * Lambda stops a function that its own messages have invoked about sixteen times in a row, and what it takes for a loop
 * is a message that waits long. The bound is the runtime's (`longestWait`).
 * Source: lambda/latest/dg/invocation-recursion.html.
 */
export function allowPuttingBack(handler: EventFunction, queue: EventQueue): void {
  handler.publishTo(queue);
  (handler.function.node.defaultChild as CfnFunction).recursiveLoop = 'Allow';
}
