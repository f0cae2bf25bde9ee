import { money, type Person, post } from "./person.ts";
import { newKey, type Teller } from "./teller.ts";

/** A number that card schemes keep for tests. */
const TEST_CARD = "4242424242424242";

interface Cast {
  readonly ada: Person;
  readonly tess: Person;
  readonly admin: Person;
  readonly accountId: string;
}

/** Money set aside and paid; limits by four eyes; a card that pays, and then does not. */
export async function tellOfBanking(teller: Teller, cast: Cast): Promise<void> {
  await setAside(teller, cast);
  await limit(teller, cast);
  await payByCard(teller, cast);
}

async function setAside(teller: Teller, { ada, accountId }: Cast): Promise<void> {
  const as = ada.variable;
  teller.chapter("Ada sets 20.00 aside for a hotel: less is available, the balance stays");
  const hold = { amount: money("20.00"), reference: "Hotel" };
  const { body } = await post(teller, as, `/v1/accounts/${accountId}/holds`, hold);
  teller.chapter("The hotel takes 15.00 of it; the rest is free again");
  await post(teller, as, `/v1/holds/${body.holdId}/capture`, { amount: money("15.00") });
}

async function limit(teller: Teller, { ada, tess, admin, accountId }: Cast): Promise<void> {
  teller.chapter("Tess, a teller, proposes limits; somebody else has to approve them");
  const limits = {
    perTransaction: money("25.00"),
    channels: { card: { dailyOutgoing: money("10.00") } },
  };
  const path = `/v1/accounts/${accountId}/limits`;
  const asked = {
    method: "PUT",
    path,
    as: tess.variable,
    key: newKey("limits"),
    body: limits,
  } as const;
  const { proposalId } = (await teller.ask({ ...asked, status: 202 })).body;
  const approve = { method: "POST", path: `/v1/proposals/${proposalId}/approve` } as const;
  await teller.ask({ ...approve, as: tess.variable, key: newKey("approve"), status: 422 });
  await teller.ask({ ...approve, as: admin.variable, key: newKey("approve"), status: 200 });
  teller.chapter(
    "From the next command on they hold: the refusal says which one, and what is left",
  );
  const cash = { amount: money("30.00"), reference: "Cash" };
  await post(teller, ada.variable, `/v1/accounts/${accountId}/withdrawals`, cash, 422);
}

async function payByCard(teller: Teller, { ada, tess, accountId }: Cast): Promise<void> {
  const as = ada.variable;
  teller.chapter("Ada adds a card; of its number the last four digits are kept");
  const card = { cardNumber: TEST_CARD, expiry: "2039-11", holderName: "Ada Lovelace" };
  const { body } = await post(teller, as, `/v1/accounts/${accountId}/cards`, card);
  const path = `/v1/cards/${body.cardId}`;
  await post(teller, as, `${path}/activate`, {}, 200);
  teller.chapter("A coffee is paid with it, and then it is frozen");
  const coffee = { amount: money("3.20"), merchant: "Café Zürich" };
  await post(teller, tess.variable, `${path}/authorizations`, coffee);
  await post(teller, as, `${path}/freeze`, {}, 200);
  await post(teller, tess.variable, `${path}/authorizations`, coffee, 422);
}
