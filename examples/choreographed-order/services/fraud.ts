/** Fraud: screens an order once its price is reserved. */
import { OrderPlaced, OrderScreened, PaymentReserved } from '../../../catalog/commerce/index.ts';
import { outcome } from '../participant.ts';
import type { Facts, Outcome, Participant } from '../participant.ts';

const STOLEN_CARD_SCORE = 98;
const USUAL_SCORE = 4;

export const fraud: Participant = {
  reactsTo: [OrderPlaced, PaymentReserved],
  publishes: [OrderScreened],
  decide,
};

/** It waits for both: which of them comes first is not known, and only the first tells how the order is paid. */
function decide({ OrderPlaced: order, PaymentReserved: reserved }: Facts): readonly Outcome[] {
  if (order === undefined || reserved === undefined) return [];
  const stolen = order.paymentMethod === 'card-stolen';
  return outcome(OrderScreened, {
    orderId: order.orderId,
    customerId: order.customerId,
    riskScore: stolen ? STOLEN_CARD_SCORE : USUAL_SCORE,
    decision: stolen ? 'held' : 'passed',
  });
}
