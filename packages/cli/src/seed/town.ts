import type { Choices } from "./random.ts";

const GIVEN = [
  ...["Ada", "Björn", "Chloé", "Dmitri", "Élodie", "Fátima", "Grace", "Håkon", "Inês", "José"],
  ...[
    "Katarína",
    "Łukasz",
    "María",
    "Nguyễn",
    "Olga",
    "Þóra",
    "Quentin",
    "Ružena",
    "Søren",
    "Tamás",
  ],
];
const FAMILY = [
  ...[
    "Álvarez",
    "Bauer",
    "Čapek",
    "Dubois",
    "Eriksson",
    "Ferreira",
    "Großmann",
    "Horváth",
    "Ivanov",
  ],
  ...["Jørgensen", "Kowalska", "Lefèvre", "Müller", "Núñez", "O’Brien", "Papadopoulou", "Şahin"],
  ...["Tanaka", "Varga", "Żak"],
];
/** Names of other scripts, which a statement has to show, too. */
const WHOLE = ["佐藤 花子", "Ольга Иванова", "Γιώργος Νικολάου", "이서연", "王小明"];

/** Who asks for money by card, for how much in cents, and how often in a week. */
export const SHOPS = [
  { merchant: "Marché d’Aligre", least: 600, most: 8_500, weekly: 1.4 },
  { merchant: "Bäckerei Jansen", least: 180, most: 1_400, weekly: 1.6 },
  { merchant: "Stadtwerke", least: 2_500, most: 9_500, weekly: 0.15 },
  { merchant: "Café Zürich", least: 320, most: 2_600, weekly: 0.9 },
  { merchant: "Ristorante «Da Nino»", least: 2_400, most: 9_000, weekly: 0.35 },
  { merchant: "Książki i Herbata", least: 900, most: 4_500, weekly: 0.2 },
  { merchant: "Bahn & Bus", least: 290, most: 6_800, weekly: 0.5 },
] as const;

export const TRANSFER_TEXTS = ["Dinner", "Concert tickets", "Merci !", "Umzug", "Présent pour Zoë"];
export const EMPLOYERS = [
  "Nordwind Energie",
  "Librairie du Port",
  "Kraków Robotics",
  "City Hospital",
];

export interface Person {
  readonly fullName: string;
  readonly email: string;
}

/** The n-th person of a seed, with an e-mail that no other seed has. */
export function personOf(choices: Choices, seed: number, ledger: number, n: number): Person {
  const fullName = choices.chance(0.06)
    ? choices.pick(WHOLE)
    : `${choices.pick(GIVEN)} ${choices.pick(FAMILY)}`;
  return { fullName, email: `customer-${n}.seed-${seed}.ledger-${ledger}@example.com` };
}
