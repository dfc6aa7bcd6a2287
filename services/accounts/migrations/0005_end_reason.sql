-- Why a contract ended: the customer left, or nobody could collect the payment; null where nobody said.
ALTER TABLE contract ADD COLUMN end_reason text CHECK (end_reason IN ('voluntary', 'involuntary'));
